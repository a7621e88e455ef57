"""What the documents print, for the tests that run it."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]


def code_block(document: str, marker: str) -> str:
    """Return the code block after the line `<!-- marker -->`, which a document has exactly once."""
    pattern = rf"^<!-- {re.escape(marker)} -->\n```\w*\n(.*?)^```$"
    (code,) = re.findall(pattern, (ROOT / document).read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    return str(code)
