"""The page that customers see."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

TITLE = "The Corner Shop"

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; color: #222; background: #fcfbf8 }
body { margin: 3rem auto; max-width: 40rem }
h1 { font-weight: 600 } table { width: 100%; border-collapse: collapse }
td { padding: .5rem 0; border-bottom: 1px solid #e6e1d6 } td:last-child { text-align: right }
footer { margin-top: 2rem; color: #888; font-size: .85rem }
"""


def page(offers: Sequence[Mapping[str, object]], version: str) -> str:
    rows = "\n".join(_row(offer) for offer in offers)
    return (
        f'<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n<title>{TITLE}</title>\n'
        f"<style>{STYLE}</style>\n<h1>{TITLE}</h1>\n<table>\n{rows}\n</table>\n"
        f"<footer>version {escape(version)}</footer>\n</html>\n"
    )


def _row(offer: Mapping[str, object]) -> str:
    cells = (offer["name"], offer["price"])
    return "<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in cells) + "</tr>"
