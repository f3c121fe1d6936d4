"""The panes of the labelling and reading pages, as a person with a mouse meets them."""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from playwright.sync_api import Locator, Page, expect

Spot = tuple[float, float]


@dataclass
class Pane:
    """One pane by its name ("Colour", "Depth", "X-ray"). Spots are CSS px of the window."""

    page: Page
    name: str

    @property
    def element(self) -> Locator:
        return self.page.get_by_role("group", name=self.name, exact=True)

    def wait_for_picture(self) -> None:
        """Until the picture is painted: more than one grey level on the canvas."""
        expect(self.element).to_be_visible()
        expect(self.element.get_by_role("status")).to_have_count(0)
        self.page.wait_for_function(
            """(name) => {
              const canvas = document.querySelector(`[role=group][aria-label="${name}"] canvas`);
              const small = new OffscreenCanvas(24, 24).getContext('2d', { willReadFrequently: true });
              small.drawImage(canvas, 0, 0, 24, 24);
              const { data } = small.getImageData(0, 0, 24, 24);
              return data.some((value, i) => i % 4 !== 3 && value !== data[0]);
            }""",
            arg=self.name,
        )

    def box(self) -> tuple[float, float, float, float]:
        """Left, top, width, height."""
        box = self.element.bounding_box()
        assert box is not None
        return box["x"], box["y"], box["width"], box["height"]

    def at(self, across: float, down: float) -> Spot:
        """A spot given in fractions of the pane."""
        left, top, width, height = self.box()
        return left + across * width, top + down * height

    def click(self, across: float, down: float) -> Spot:
        spot = self.at(across, down)
        self.page.mouse.move(*spot, steps=2)
        self.page.mouse.click(*spot)
        return spot

    def drag(self, start: Spot, end: Spot, button: str = "left") -> None:
        self.page.mouse.move(*start, steps=2)
        self.page.mouse.down(button=button)  # type: ignore[arg-type]
        self.page.mouse.move(*end, steps=5)
        self.page.mouse.up(button=button)  # type: ignore[arg-type]

    def mark(self, name: str) -> Locator:
        return self.element.locator(f'[data-grip="{name}"]')

    def centre_of(self, name: str) -> Spot:
        """Where a mark is drawn, CSS px of the window."""
        box = self.mark(name).bounding_box()
        assert box is not None
        return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

    def screenshot(self, pixel_ratio: float, margin: float = 34) -> tuple[NDArray[np.uint8], Spot]:
        """Grey device pixels of the pane but its edges (letters are there); their corner in CSS px."""
        self.page.mouse.move(2, 2)
        left, top, width, height = self.box()
        corner = (math.ceil(left), math.ceil(top + margin))
        clip = {"x": corner[0], "y": corner[1], "width": int(width) - 2, "height": int(height - 2 * margin)}
        data = self.page.screenshot(clip=clip)  # type: ignore[arg-type]
        grey = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE)
        assert grey is not None
        assert abs(grey.shape[1] - clip["width"] * pixel_ratio) <= 1
        return grey.astype(np.uint8), corner

    def bright_spot(self, pixel_ratio: float) -> Spot:
        """The centroid of the brightest area, CSS px of the window."""
        grey, corner = self.screenshot(pixel_ratio)
        weights = np.clip(grey.astype(float) - 100, 0, None)
        assert weights.sum() > 0, "no bright pixel is in sight"
        rows, columns = np.indices(grey.shape)
        x = ((columns + 0.5) * weights).sum() / weights.sum()
        y = ((rows + 0.5) * weights).sum() / weights.sum()
        return corner[0] + x / pixel_ratio, corner[1] + y / pixel_ratio


def expect_phase(page: Page, phase: str) -> None:
    """How far the work on screen has come to the server."""
    expect(page.locator("[data-phase]")).to_have_attribute("data-phase", phase)


def expect_saved(page: Page) -> None:
    expect_phase(page, "saved")
    expect(page.locator("[data-phase]")).to_contain_text("Saved")
