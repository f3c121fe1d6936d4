"""What a reader study found: real told from synthetic, agreement between readers, Cobb on either kind.

A figure that too few readings give, or that is not defined on them, is None.
"""

import csv
import io
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import combinations
from statistics import median
from typing import TypeVar

from annotation.actions.exports import cells
from annotation.models import BlindReading, Measurement, ReaderStudy, ReaderStudyItem, User
from annotation.models.images import ImageKind
from annotation.models.readerstudies import BlindVerdict
from annotation.spine.agreement import BlandAltman, Estimate, bland_altman, icc_2_1, weighted_kappa
from annotation.spine.roc import RocPoint, auc, proportion, roc_curve

Found = TypeVar("Found")
REAL, SYNTHETIC = ImageKind.RADIOGRAPH, ImageKind.SYNTHETIC_RADIOGRAPH


@dataclass(frozen=True)
class ReaderResult:
    """One reader. Synthetic is the positive class: sensitivity is the share of synthetic films called so."""

    reader: User
    films: int
    roc: list[RocPoint]
    auc: Estimate | None
    sensitivity: Estimate | None
    specificity: Estimate | None
    seconds_real: float | None
    seconds_synthetic: float | None


@dataclass(frozen=True)
class KappaResult:
    """Cohen's kappa of two readers' verdicts on the films that both have read."""

    readers: tuple[User, User]
    films: int
    kappa: Estimate | None


@dataclass(frozen=True)
class CobbIcc:
    """ICC(2,1) of the angles on films of one kind that every reader has measured."""

    kind: str
    films: int
    readers: int
    icc: Estimate | None


@dataclass(frozen=True)
class AnglePair:
    """Two angles of one visit, as magnitudes in degrees."""

    reader: User
    first_deg: float
    second_deg: float
    opposite: bool
    """Both curves are 10 degrees or more and bend to opposite sides."""


@dataclass(frozen=True)
class Comparison:
    """Angles of the same visits by one reader, or by all. Differences are first - second."""

    reader: User | None
    pairs: int
    limits: BlandAltman | None
    icc: Estimate | None


@dataclass(frozen=True)
class Compared:
    """`first` and `second`: real, synthetic, or reference (the largest angle saved on the real film)."""

    first: str
    second: str
    pairs: list[AnglePair]
    of_readers: list[Comparison]
    together: Comparison


@dataclass(frozen=True)
class Results:
    readers: list[ReaderResult]
    kappas: list[KappaResult]
    iccs: list[CobbIcc]
    compared: list[Compared]


def score(reading: BlindReading) -> int:
    """How sure a reader is that a film is synthetic, in ten steps: 1 = surely real, 10 = surely synthetic."""
    if reading.verdict == BlindVerdict.SYNTHETIC:
        return 5 + reading.confidence
    return 6 - reading.confidence


def readings_of(study: ReaderStudy) -> list[BlindReading]:
    """Every reading on a film that is still there, by reader and in the order they were made."""
    live = ReaderStudyItem.objects.live().filter(reader_study=study)
    rows = BlindReading.objects.filter(item__in=live)
    rows = rows.select_related("reader", "item__image__study__subject")
    return list(rows.order_by("reader__username", "created_at"))


def results_of(study: ReaderStudy) -> Results:
    """The whole of a study as far as it has been read."""
    by_reader: dict[User, list[BlindReading]] = defaultdict(list)
    for reading in readings_of(study):
        by_reader[reading.reader].append(reading)
    references = _references(study)
    return Results(
        readers=[_reader_result(reader, found) for reader, found in by_reader.items()],
        kappas=[_kappa(a, b, by_reader[a], by_reader[b]) for a, b in combinations(by_reader, 2)],
        iccs=[_icc_between(kind, by_reader) for kind in (REAL, SYNTHETIC)],
        compared=[
            _compared("synthetic", "real", by_reader, _synthetic_and_real),
            _compared("synthetic", "reference", by_reader, _against(references, SYNTHETIC)),
            _compared("real", "reference", by_reader, _against(references, REAL)),
        ],
    )


def _or_none(reckon: Callable[[], Found]) -> Found | None:
    """None where the core says that these readings do not define the figure."""
    try:
        return reckon()
    except ValueError:
        return None


def _of_kind(readings: Iterable[BlindReading], kind: str) -> list[BlindReading]:
    return [reading for reading in readings if reading.item.image.kind == kind]


def _reader_result(reader: User, readings: list[BlindReading]) -> ReaderResult:
    real, synthetic = _of_kind(readings, REAL), _of_kind(readings, SYNTHETIC)
    scores = [score(each) for each in real], [score(each) for each in synthetic]
    right = [each.verdict == BlindVerdict.REAL for each in real]
    found = [each.verdict == BlindVerdict.SYNTHETIC for each in synthetic]
    return ReaderResult(
        reader=reader,
        films=len(readings),
        roc=_or_none(lambda: roc_curve(*scores)) or [],
        auc=_or_none(lambda: auc(*scores)),
        sensitivity=_or_none(lambda: proportion(sum(found), len(found))),
        specificity=_or_none(lambda: proportion(sum(right), len(right))),
        seconds_real=median(each.seconds for each in real) if real else None,
        seconds_synthetic=median(each.seconds for each in synthetic) if synthetic else None,
    )


def _kappa(a: User, b: User, first: list[BlindReading], second: list[BlindReading]) -> KappaResult:
    verdicts = {each.item_id: each.verdict for each in second}
    pairs = [(each.verdict, verdicts[each.item_id]) for each in first if each.item_id in verdicts]
    kappa = _or_none(
        lambda: weighted_kappa(
            [x for x, _ in pairs], [y for _, y in pairs], BlindVerdict.values, weights="none"
        )
    )
    return KappaResult((a, b), len(pairs), kappa)


def _icc_between(kind: str, by_reader: dict[User, list[BlindReading]]) -> CobbIcc:
    angles = [
        {each.item_id: abs(each.signed_angle_deg) for each in found if each.signed_angle_deg is not None}
        for found in (_of_kind(readings, kind) for readings in by_reader.values())
    ]
    shared = sorted(set.intersection(*(set(each) for each in angles))) if angles else []
    table = [[each[item] for each in angles] for item in shared]
    icc = _or_none(lambda: icc_2_1(table)) if table else None
    return CobbIcc(kind, len(shared), len(angles), icc)


_Signed = list[tuple[float, float]]


def _compared(
    first: str,
    second: str,
    by_reader: dict[User, list[BlindReading]],
    pairs_of: Callable[[list[BlindReading]], _Signed],
) -> Compared:
    pairs = [
        AnglePair(reader, abs(a), abs(b), opposite=a * b < 0 and min(abs(a), abs(b)) >= 10)
        for reader, readings in by_reader.items()
        for a, b in pairs_of(readings)
    ]
    own = [[pair for pair in pairs if pair.reader == reader] for reader in by_reader]
    return Compared(
        first,
        second,
        pairs,
        [_comparison(reader, found) for reader, found in zip(by_reader, own, strict=True) if found],
        _comparison(None, pairs),
    )


def _comparison(reader: User | None, pairs: list[AnglePair]) -> Comparison:
    first, second = [pair.first_deg for pair in pairs], [pair.second_deg for pair in pairs]
    limits = _or_none(lambda: bland_altman(first, second))
    icc = _or_none(lambda: icc_2_1([[a, b] for a, b in zip(first, second, strict=True)])) if pairs else None
    return Comparison(reader, len(pairs), limits, icc)


def _angles(readings: list[BlindReading], kind: str) -> dict[object, float]:
    """Signed angles by visit: a study has at most one film of a kind from each."""
    return {
        each.item.image.study_id: each.signed_angle_deg
        for each in _of_kind(readings, kind)
        if each.signed_angle_deg is not None
    }


def _synthetic_and_real(readings: list[BlindReading]) -> _Signed:
    synthetic, real = _angles(readings, SYNTHETIC), _angles(readings, REAL)
    return [(synthetic[visit], real[visit]) for visit in synthetic if visit in real]


def _against(references: dict[object, float], kind: str) -> Callable[[list[BlindReading]], _Signed]:
    def pairs(readings: list[BlindReading]) -> _Signed:
        angles = _angles(readings, kind)
        return [(angles[visit], references[visit]) for visit in angles if visit in references]

    return pairs


def _references(study: ReaderStudy) -> dict[object, float]:
    """By visit: the largest standing angle that anybody saved on its real film outside of the study."""
    visits = ReaderStudyItem.objects.live().filter(reader_study=study).values("image__study_id")
    rows = Measurement.objects.filter(study__in=visits, image__kind=REAL, retracted_at=None)
    largest: dict[object, float] = {}
    for visit, angle in rows.values_list("study_id", "signed_angle_deg"):
        largest[visit] = max(largest.get(visit, 0.0), angle, key=abs)
    return largest


_COLUMNS = [
    "reader",
    "number",
    "film",
    "subject",
    "visit_date",
    "kind",
    "verdict",
    "confidence",
    "score",
    "signed_angle_deg",
    "upper_level",
    "lower_level",
    "seconds",
    "tool",
    "created_at",
    "use",
]


def readings_csv(study: ReaderStudy) -> bytes:
    """One row a reading; `number`: its place in the reader's order; `score`: see `score`."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(_COLUMNS)
    numbers: dict[object, int] = defaultdict(int)
    for row in readings_of(study):
        numbers[row.reader_id] += 1
        image = row.item.image
        writer.writerow(
            cells(
                [
                    row.reader.username,
                    numbers[row.reader_id],
                    row.item_id,
                    row.item.image.study.subject.pseudonym,
                    image.study.visit_date,
                    image.kind,
                    row.verdict,
                    row.confidence,
                    score(row),
                    row.signed_angle_deg,
                    row.upper_level,
                    row.lower_level,
                    row.seconds,
                    row.tool,
                    row.created_at.isoformat(),
                    "research only",
                ]
            )
        )
    return buffer.getvalue().encode()
