"""The code blocks of the documents, for the tests that run them; and the parts generated from the code.

`python -m tests.documents` regenerates these parts.
"""

import re
import textwrap
from collections.abc import Callable
from operator import attrgetter
from pathlib import Path
from typing import Final

from todo_api.cli.settings_help import described_settings
from todo_api.http.error_help import ERROR_HELP
from todo_api.server.diagnosis import PROBLEMS
from todo_api.server.metrics.definitions import METRICS

ROOT: Final = Path(__file__).parents[1]
DOCUMENTS: Final = ("README.md", *sorted(str(path.relative_to(ROOT)) for path in (ROOT / "docs").rglob("*.md")))


def text_of(document: str) -> str:
    """Return the text of a document."""
    return (ROOT / document).read_text(encoding="utf-8")


def code_block(document: str, marker: str) -> str:
    """Return the code block after the line `<!-- marker -->`, which a document has exactly once."""
    pattern = rf"^<!-- {re.escape(marker)} -->\n```\w*\n(.*?)^```$"
    (code,) = re.findall(pattern, text_of(document), re.DOTALL | re.MULTILINE)
    return str(code)


def shell_blocks() -> list[tuple[str, str]]:
    """Return the document and the name of every block that runs against a server."""
    return [
        (document, name)
        for document in DOCUMENTS
        for name in re.findall(r"^<!-- shell: (\w+) -->$", text_of(document), re.MULTILINE)
    ]


def with_generated_part(document: str, name: str, part: str) -> str:
    """Return a document with its part replaced between `<!-- generated: name -->` and `<!-- end -->`."""
    begin, end = f"<!-- generated: {name} -->\n", "<!-- end -->\n"
    before, _, rest = text_of(document).partition(begin)
    return f"{before}{begin}{part}{end}{rest.partition(end)[2]}"


def errors_part() -> str:
    """Return a section for each error code, with an entry for each status."""
    part, code = "", ""
    for kind in sorted(ERROR_HELP, key=attrgetter("error_code", "status")):
        if kind.error_code != code:
            code = kind.error_code
            part += f"\n## {code}\n"
        help_text = ERROR_HELP[kind]
        part += f"\n**{kind.status}** {kind.title}\n\n"
        part += f"- When: {help_text.when}\n- What to do: {help_text.what_to_do}\n"
    return f"{part}\n"


def settings_part() -> str:
    """Return the table of the settings, the limits last."""
    rows = [
        f"| `{name}` | {f'`{default}`' if default else ''} | {description} |"
        for name, default, description in described_settings()
    ]
    return "\n".join(["", "| Name | Default | Meaning |", "|---|---|---|", *rows, "", ""])


def example_settings() -> str:
    """Return the content of `.env.example`."""
    head = (
        "The settings of todo-api, with their defaults. Copy this file to .env in the working directory, make it "
        "readable by you only (chmod 600 .env), and remove the # before the names of the settings that you change."
    )
    entries = [f"{_comment(description)}\n#{name}={default}\n" for name, default, description in described_settings()]
    return "\n".join([f"{_comment(head)}\n", *entries])


def _comment(text: str) -> str:
    return textwrap.fill(text, 120, initial_indent="# ", subsequent_indent="# ", break_on_hyphens=False)


def problems_part() -> str:
    """Return the table of the problems that `todo-api check` finds."""
    rows = [f"| {problem.status} | `{name}` | {problem.what_to_do} |" for name, problem in PROBLEMS.items()]
    return "\n".join(["", "| Exit status | Problem | What to do |", "|---|---|---|", *rows, "", ""])


def metrics_part() -> str:
    """Return the table of the metrics."""
    rows = [
        f"| `{metric.name}` | {metric.kind.partition('_')[0]} | "
        f"{', '.join(f'`{label}`' for label in metric.labels)} | {metric.help} |"
        for metric in METRICS.values()
    ]
    return "\n".join(["", "| Name | Type | Labels | Meaning |", "|---|---|---|---|", *rows, "", ""])


def file_part(path: str, language: str) -> Callable[[], str]:
    """Return a function that returns a file as a code block."""
    return lambda: f"\n```{language}\n{text_of(path)}```\n\n"


GENERATED: Final = (
    ("docs/reference/errors.md", "errors", errors_part),
    ("docs/operating/settings.md", "settings", settings_part),
    ("docs/operating/check.md", "problems", problems_part),
    ("docs/operating/metrics.md", "metrics", metrics_part),
    ("docs/operating/proxies.md", "nginx", file_part("deploy/nginx.conf", "nginx")),
    ("docs/operating/proxies.md", "caddy", file_part("deploy/Caddyfile", "caddyfile")),
)

if __name__ == "__main__":
    for document, name, part in GENERATED:
        (ROOT / document).write_text(with_generated_part(document, name, part()), encoding="utf-8")
    (ROOT / ".env.example").write_text(example_settings(), encoding="utf-8")
