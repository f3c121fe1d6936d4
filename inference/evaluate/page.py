"""One HTML page of an evaluation: figures, a scatter and a Bland-Altman plot, and the ten worst films drawn.

Everything is in the one file: SVG written out, films as JPEG inside. It shows patients: keep it where they
are.
"""

import base64
from collections.abc import Sequence
from html import escape
from typing import Any, Final

import cv2
import numpy as np

from inference.evaluate.measure import Measured
from inference.vertebrae.films import LEVELS, Floats

WORST: Final = 10
_FILM_PX: Final = 900
_SIDE: Final = 420
_EDGE: Final = 46
_TRUE, _FOUND = (80, 200, 80), (60, 60, 235)  # BGR
_STYLE: Final = """body{font:15px/1.5 system-ui,sans-serif;margin:2rem;color:#222;max-width:75rem}
table{border-collapse:collapse;margin:1rem 0}
td,th{padding:.2rem .8rem;border-bottom:1px solid #ddd;text-align:right}
th:first-child,td:first-child{text-align:left}
figure{display:inline-block;margin:0 1rem 1rem 0;vertical-align:top}
img{height:32rem}figcaption{max-width:22rem;font-size:13px}svg text{font:12px system-ui,sans-serif}"""
_ROWS: Final = {
    "images": "films",
    "patients": "patients",
    "major_mae_deg": "major angle, mean error (deg)",
    "major_median_deg": "major angle, median error (deg)",
    "major_within_5_deg_percent": "within 5 deg (%)",
    "smape_percent": "SMAPE, sums per film (%)",
    "major_bias_deg": "bias (deg)",
    "major_lower_limit_deg": "lower limit of agreement (deg)",
    "major_upper_limit_deg": "upper limit of agreement (deg)",
    "major_pearson": "Pearson's r",
    "second_mae_deg": "second angle, mean error (deg)",
    "third_mae_deg": "third angle, mean error (deg)",
    "severity_kappa": "severity, weighted kappa",
    "error_px_mean": "corners, mean distance (px)",
    "error_px_median": "corners, median distance (px)",
    "corner_heights_mean": "corners, in heights of a vertebra",
    "normalised_mse": "normalised MSE",
    "abstained_percent": "abstained (%)",
    "answered_mae_deg": "mean error where it answered (deg)",
    "coverage_90_percent": "90 % intervals that hold the truth (%)",
    "interval_width_median_deg": "median width of the interval (deg)",
    "wider_than_10_deg_percent": "intervals wider than 10 deg (%)",
    "seconds_median": "seconds per film, median",
    "seconds_longest": "seconds per film, longest",
}


def page(report: dict[str, Any], measured: Sequence[Measured]) -> str:
    """The whole page."""
    worst = sorted(measured, key=lambda one: -abs(one.score.major_error_deg))[:WORST]
    found, true = (
        np.array([getattr(one.score, name)[0] for one in measured]) for name in ("found_deg", "true_deg")
    )
    faults = np.array([one.fault for one in measured])
    title = f"Cobb angles of {len(measured)} films"
    parts = [
        f"<!doctype html><html lang=en><meta charset=utf-8><title>{title}</title><style>{_STYLE}</style>",
        f"<h1>{title}</h1><p>For research use only. Not a diagnostic device. This page shows patients.</p>",
        _figures_table(report),
        _severity_table(report),
        "<h2>Major angle</h2>",
        _plot(true, found, faults, "labelled (deg)", "found (deg)", "diagonal"),
        _plot(
            (found + true) / 2, found - true, faults, "mean of both (deg)", "found - labelled (deg)", "limits"
        ),
        f"<h2>The {len(worst)} worst</h2><p>Green: labelled. Red: found.</p>",
        *(_film_figure(one) for one in worst),
    ]
    return "\n".join(parts)


def _figures_table(report: dict[str, Any]) -> str:
    columns = [name for name in ("raw", "cleaned") if name in report]
    head = "".join(f"<th>{name}</th><th>95 %</th>" for name in columns)
    rows = []
    for name, words in _ROWS.items():
        cells = "".join(
            f"<td>{_number(report[column].get(name))}</td><td>{_range(report[column], name)}</td>"
            for column in columns
        )
        if any(name in report[column] for column in columns):
            rows.append(f"<tr><td>{words}</td>{cells}</tr>")
    return f"<table><tr><th></th>{head}</tr>{''.join(rows)}</table>"


def _severity_table(report: dict[str, Any]) -> str:
    rows = "".join(
        f"<tr><td>{escape(name)} deg</td><td>{row['images']}</td><td>{_number(row.get('major_mae_deg'))}</td>"
        f"<td>{_number(row.get('major_bias_deg'))}</td><td>{_number(row.get('smape_percent'))}</td></tr>"
        for name, row in report["by_severity"].items()
    )
    head = "<tr><th>major angle</th><th>films</th><th>mean error</th><th>bias</th><th>SMAPE</th></tr>"
    return f"<h2>By severity</h2><table>{head}{rows}</table>"


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:.2e}" if 0 < abs(value) < 0.01 else f"{value:.4g}"


def _range(figures: dict[str, Any], name: str) -> str:
    limits = figures.get(f"{name}_95")
    return f"{_number(limits[0])} to {_number(limits[1])}" if limits else ""


def _plot(x: Floats, y: Floats, faults: Floats, across: str, up: str, guides: str) -> str:
    """A scatter as SVG; films whose labels are known to be wrong as rings."""
    low_x, high_x = 0.0, float(max(x.max(), 1)) * 1.05
    low_y, high_y = 0.0, high_x
    if guides == "limits":
        low_y, high_y = min(-10.0, float(y.min())), max(10.0, float(y.max()))

    def at(value: float, low: float, high: float) -> float:
        return _EDGE + (value - low) / (high - low) * (_SIDE - 2 * _EDGE)

    def place(px: float, py: float) -> tuple[float, float]:
        return at(px, low_x, high_x), _SIDE - at(py, low_y, high_y)

    dots = "".join(
        f'<circle cx="{px:.1f}" cy="{py:.1f}" r="2.5" stroke="#2468a8" '
        f'fill="{"none" if fault else "#2468a8"}"/>'
        for (px, py), fault in zip((place(a, b) for a, b in zip(x, y, strict=True)), faults, strict=True)
    )
    lines = []
    if guides == "diagonal":
        lines.append((place(0, 0), place(high_x, high_x)))
    else:
        spread = 1.96 * float(y.std(ddof=1)) if len(y) > 1 else 0.0
        for height in (float(y.mean()), float(y.mean()) - spread, float(y.mean()) + spread):
            lines.append((place(low_x, height), place(high_x, height)))
    lines_drawn = "".join(
        f'<path d="M{a:.1f} {b:.1f}L{c:.1f} {d:.1f}" stroke="#999"/>' for (a, b), (c, d) in lines
    )
    ticks = "".join(
        f'<text x="{place(v, low_y)[0]:.0f}" y="{_SIDE - _EDGE + 16}" text-anchor="middle">{v:.0f}</text>'
        for v in np.arange(0, high_x, 20)
    ) + "".join(
        f'<text x="{_EDGE - 6}" y="{place(low_x, v)[1] + 4:.0f}" text-anchor="end">{v:.0f}</text>'
        for v in np.arange(np.ceil(low_y / 20) * 20, high_y, 20)
    )
    names = (
        f'<text x="{_SIDE / 2}" y="{_SIDE - 6}" text-anchor="middle">{across}</text>'
        f'<text transform="translate(12 {_SIDE / 2}) rotate(-90)" text-anchor="middle">{up}</text>'
    )
    inner = _SIDE - 2 * _EDGE
    box = f'<rect x="{_EDGE}" y="{_EDGE}" width="{inner}" height="{inner}" fill="none" stroke="#ccc"/>'
    opened = f'<svg width="{_SIDE}" height="{_SIDE}" role="img" aria-label="{up} over {across}">'
    return f"{opened}{box}{lines_drawn}{dots}{ticks}{names}</svg>"


def _film_figure(one: Measured) -> str:
    pairs = zip(one.score.found_deg, one.score.true_deg, strict=True)
    words = ", ".join(f"{found:.1f} / {true:.1f}" for found, true in pairs)
    notes = [f"found / labelled: {words} deg"]
    if one.fault:
        notes.append("Its labels are known to be wrong.")
    if one.answer.abstains:
        notes.append(f"Abstained: {one.answer.abstains}")
    caption = f"<b>{escape(one.film.name)}</b> (row {one.film.row})<br>{escape(' '.join(notes))}"
    picture = f"data:image/jpeg;base64,{base64.b64encode(drawn(one)).decode()}"
    return f'<figure><img alt="" src="{picture}"><figcaption>{caption}</figcaption></figure>'


def drawn(one: Measured) -> bytes:
    """The film with labelled and found vertebrae, as JPEG."""
    grey = one.film.grey()
    factor = _FILM_PX / grey.shape[0]
    small = cv2.resize(grey, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    canvas = cv2.cvtColor(small, cv2.COLOR_GRAY2BGR)
    for corners, colour in ((one.true_px, _TRUE), (one.answer.corners_px, _FOUND)):
        if corners is None:
            continue
        places = np.clip(np.round(corners * factor), -_FILM_PX, 4 * _FILM_PX).astype(np.int32)
        for level, body in zip(LEVELS, places, strict=True):
            cv2.polylines(canvas, [body[[0, 1, 3, 2]]], True, colour, 1, cv2.LINE_AA)
            if colour == _FOUND:
                at = (int(body[:, 0].max()) + 4, int(body[:, 1].mean()) + 4)
                cv2.putText(canvas, level, at, cv2.FONT_HERSHEY_SIMPLEX, 0.4, colour, 1, cv2.LINE_AA)
    return bytes(cv2.imencode(".jpg", canvas, [cv2.IMWRITE_JPEG_QUALITY, 80])[1])
