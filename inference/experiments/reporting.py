"""A table as people read it (Markdown), as programs do (CSV), and as pictures."""

import csv
import io
from pathlib import Path

import cv2
import numpy as np

from inference.experiments.running import Measured
from inference.experiments.tables import Table

# Our figures by kind of table: name, title, format. The report's column stands beside what it compares with.
_COLUMNS = {
    "landmarks": (
        ("heatmap_mse", "heatmap MSE", "{:.3e}"),
        ("heatmap_mse_of_empty_map", "of an empty map", "{:.3e}"),
        ("error_px_median", "error px, median", "{:.2f}"),
        ("error_px_p95", "95 %", "{:.2f}"),
        ("error_mm_median", "error mm, median", "{:.2f}"),
        ("error_mm_p95", "95 %", "{:.2f}"),
    ),
    "synthesis": (
        ("histogram_intersection", "histogram intersection", "{:.3f}"),
        ("ahash", "aHash", "{:.2f}"),
        ("dhash", "dHash", "{:.2f}"),
        ("phash", "pHash", "{:.2f}"),
        ("ms_ssim", "MS-SSIM (4 scales)", "{:.3f}"),
        ("kernel_distance_16x32", "kernel distance", "{:.3f}"),
        ("corner_error", "corner error, 0.1 % of C7-S1", "{:.1f}"),
        ("cobb_mae_deg", "Cobb MAE deg", "{:.1f}"),
        ("cobb_bias_deg", "bias", "{:+.1f}"),
        ("cobb_r", "r", "{:.2f}"),
    ),
}
_PAPER = {"heatmap_mse": "{:.3e}", "histogram_intersection": "{:.3f}", "hash": "{:.3f}"}
_SHOWN = 5
_GAP_PX = 4


def write_report(table: Table, rows: list[Measured], out: Path, note: str) -> Path:
    """table-9.md, .csv and, of films, .png in `out`; the Markdown's path. `note`: on what it was run."""
    (out / f"table-{table.number}.csv").write_text(as_csv(rows), encoding="utf-8")
    if any(row.films for row in rows):
        content = cv2.imencode(".png", sheet(rows))[1].tobytes()
        (out / f"table-{table.number}.png").write_bytes(content)
    page = out / f"table-{table.number}.md"
    page.write_text(as_markdown(table, rows, note), encoding="utf-8")
    return page


def as_markdown(table: Table, rows: list[Measured], note: str) -> str:
    """Our figures, and the report's beside them."""
    columns = [column for column in _COLUMNS[table.kind] if any(column[0] in row.figures for row in rows)]
    paper = [name for name in _PAPER if any(name in row.paper for row in rows)]
    heads = [table.title, *(title for _, title, _ in columns), *(f"report: {name}" for name in paper)]
    lines = [
        f"# Table {table.number}: {table.title}",
        "",
        note,
        "",
        _line(heads),
        _line(["---"] * len(heads)),
    ]
    for row in rows:
        ours = [_shown(row.figures, name, form) for name, _, form in columns]
        lines.append(_line([row.name, *ours, *(_shown(row.paper, name, _PAPER[name]) for name in paper)]))
    lines += ["", *(f"- {row.name}: {row.failed}" for row in rows if row.failed)]
    intervals = [row for row in rows if "cobb_mae_deg_low" in row.figures]
    for row in intervals:
        f = row.figures
        lines.append(
            f"- {row.name}: Cobb MAE {f['cobb_mae_deg']:.1f} deg (95 % {f['cobb_mae_deg_low']:.1f} to "
            f"{f['cobb_mae_deg_high']:.1f}), limits of agreement {f['cobb_limit_low_deg']:+.1f} to "
            f"{f['cobb_limit_high_deg']:+.1f}, {f['cobb_unread']:.0f} unread; the same reader on the real "
            f"films: {f.get('reader_cobb_mae_deg', float('nan')):.1f} deg"
        )
    return "\n".join(lines).rstrip() + "\n"


def as_csv(rows: list[Measured]) -> str:
    """Every figure of every row, `paper_` before the report's."""
    names = list(dict.fromkeys(name for row in rows for name in row.figures))
    paper = list(dict.fromkeys(name for row in rows for name in row.paper))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["row", "failed", *names, *(f"paper_{name}" for name in paper)])
    for row in rows:
        ours = [row.figures.get(name, "") for name in names]
        writer.writerow([row.name, row.failed, *ours, *(row.paper.get(name, "") for name in paper)])
    return text.getvalue()


def sheet(rows: list[Measured]) -> np.ndarray:
    """Real films in the first line, then each row's own of the same children; every film 256 px high."""
    shown = [row.films for row in rows if row.films is not None]
    lines = [_beside(list(shown[0].real[:_SHOWN])), *(_beside(list(films.made[:_SHOWN])) for films in shown)]
    width = max(line.shape[1] for line in lines)
    return np.vstack(
        [np.pad(line, ((0, _GAP_PX), (0, width - line.shape[1])), constant_values=255) for line in lines]
    )


def _beside(films: list[np.ndarray]) -> np.ndarray:
    scaled = [cv2.resize(film, (128, 256), interpolation=cv2.INTER_AREA) for film in films]
    return np.hstack([np.pad(film, ((0, 0), (0, _GAP_PX)), constant_values=255) for film in scaled])


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _shown(figures: dict[str, float], name: str, form: str) -> str:
    return form.format(figures[name]) if name in figures else ""
