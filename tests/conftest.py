import os

from hypothesis import settings

# How hard a law is tried: `--hypothesis-profile=deep` is for an hour of leisure.
_MODEST = settings(max_examples=100, deadline=None, print_blob=True, derandomize=False)
settings.register_profile("default", _MODEST)
settings.register_profile("ci", _MODEST, database=None)
settings.register_profile("deep", _MODEST, max_examples=2_500)
settings.load_profile("ci" if os.environ.get("CI") else "default")
