"""Bars as SVG inside HTML, for notebooks: no library, no script, readable in light and dark."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

_BAR_WIDTH = 320
_LINE_HEIGHT = 22


def bars(title: str, lines: Sequence[tuple[str, float | None, str]], error: float = 0.0) -> str:
    """Horizontal bars: label, value (nothing when it is withheld) and what to write beside it.

    `error` is drawn as a whisker on both sides of each value, in the unit of the values.
    """
    if not lines:
        return ""
    largest = max((value + error for _, value, _ in lines if value is not None), default=0.0) or 1.0
    left = 12 + 7 * min(32, max(len(label) for label, _, _ in lines))
    height = _LINE_HEIGHT * len(lines) + 8
    parts = [
        f"<svg role='img' aria-label='{escape(title)}' width='{left + _BAR_WIDTH + 160}' height='{height}' "
        "font-family='sans-serif' font-size='12' fill='currentColor'>",
        f"<title>{escape(title)}</title>",
    ]
    for position, (label, value, text) in enumerate(lines):
        top = position * _LINE_HEIGHT + 4
        middle = top + 12
        shown = label if len(label) <= 32 else label[:31] + "…"
        parts.append(f"<text x='{left - 8}' y='{middle}' text-anchor='end'>{escape(shown)}</text>")
        width = 0.0
        if value is not None:
            width = max(value, 0.0) / largest * _BAR_WIDTH
            parts.append(f"<rect x='{left}' y='{top}' width='{width:.1f}' height='14' fill='#2a78c8' rx='2'/>")
            if error:
                start = left + max(value - error, 0.0) / largest * _BAR_WIDTH
                end = left + min(value + error, largest) / largest * _BAR_WIDTH
                parts.append(
                    f"<path d='M{start:.1f} {top + 7}H{end:.1f}M{start:.1f} {top + 3}v8M{end:.1f} {top + 3}v8' "
                    "stroke='currentColor' fill='none'/>"
                )
                width = end - left
        parts.append(f"<text x='{left + width + 6:.1f}' y='{middle}'>{escape(text)}</text>")
    parts.append("</svg>")
    return "".join(parts)


def gauge(used: float, total: float) -> str:
    """How much of something is used, as a bar with its outline."""
    share = 0.0 if total <= 0 else min(max(used / total, 0.0), 1.0)
    colour = "#2a78c8" if share < 0.8 else "#c8662a" if share < 0.9 else "#b3261e"
    return (
        f"<svg role='img' aria-label='{share:.0%} used' width='124' height='14'>"
        f"<rect x='2' y='2' width='{share * 120:.1f}' height='10' fill='{colour}'/>"
        "<rect x='2' y='2' width='120' height='10' fill='none' stroke='currentColor'/></svg>"
    )
