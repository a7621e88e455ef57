"""Bar charts as SVG: groups of bars, each bar of one or more layers."""

from collections.abc import Mapping, Sequence
from html import escape

Layers = Sequence[float]

_COLOURS = {
    "ours": "#0b6e4f",
    "ours-sqlite": "#6fbf73",
    "floor": "#8d99ae",
    "fastify": "#e0a458",
    "pocketbase": "#5b8fb9",
    "tutorial": "#b23a48",
    "constant": "#cfd8dc",
}
_OPACITIES = (1.0, 0.55, 0.3)
_WIDTH, _HEIGHT, _LEFT, _TOP, _BOTTOM = 900, 380, 20, 70, 40


def bars(title: str, note: str, groups: Mapping[str, Mapping[str, Layers]]) -> str:
    """Draw a bar per server, or what else is compared, in each group; the layers ascend, the first in full colour.

    Each group has its own scale, because operations differ more than servers. The value of
    a bar's first layer is written above it.
    """
    servers = list(dict.fromkeys(server for group in groups.values() for server in group))
    colours = dict(zip(servers, _COLOURS.values(), strict=False)) | _COLOURS
    width_of_group = (_WIDTH - 2 * _LEFT) / max(len(groups), 1)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" font-family="sans-serif">',
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#ffffff"/>',
        _text((_LEFT, 22), title, size=16),
        _text((_LEFT, _HEIGHT - 8), note, colour="#666666"),
        *_legend(servers, colours),
    ]
    for index, (name, group) in enumerate(groups.items()):
        parts += _group(name, group, colours, _LEFT + index * width_of_group, width_of_group)
    return "\n".join([*parts, "</svg>", ""])


def _legend(servers: Sequence[str], colours: Mapping[str, str]) -> list[str]:
    parts = []
    for index, server in enumerate(servers):
        x = _LEFT + index * 110
        parts += [_rectangle((x, 34, 12, 12), colours[server]), _text((x + 17, 44), server)]
    return parts


def _group(name: str, group: Mapping[str, Layers], colours: Mapping[str, str], left: float, width: float) -> list[str]:
    floor = _HEIGHT - _BOTTOM - 20
    highest = max((layers[-1] for layers in group.values()), default=0.0) or 1.0
    step = width * 0.9 / max(len(group), 1)
    parts = [_text((left + width * 0.45, floor + 18), name, anchor="middle", size=13)]
    for index, (server, layers) in enumerate(group.items()):
        x = left + index * step
        heights = [layer / highest * (floor - _TOP - 16) for layer in layers]
        for height, opacity in zip(reversed(heights), reversed(_OPACITIES[: len(heights)]), strict=True):
            parts.append(_rectangle((x, floor - height, step * 0.85, height), colours[server], opacity))
        parts.append(_text((x + step * 0.42, floor - heights[-1] - 4), _short(layers[0]), anchor="middle", size=10))
    return parts


def _rectangle(box: tuple[float, float, float, float], colour: str, opacity: float = 1.0) -> str:
    x, y, width, height = box
    place = f'x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}"'
    return f'<rect {place} fill="{colour}" fill-opacity="{opacity}"/>'


def _text(at: tuple[float, float], text: str, *, size: int = 11, anchor: str = "start", colour: str = "#222222") -> str:
    place = f'x="{at[0]:.1f}" y="{at[1]:.1f}" font-size="{size}" text-anchor="{anchor}" fill="{colour}"'
    return f"<text {place}>{escape(text)}</text>"


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
