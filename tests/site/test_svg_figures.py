"""Figures stand in the page: drawn as SVG by the build's kernels, put in where the image was."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from docutils import nodes, utils

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "book" / "_ext"))
from unrolled_site import svg_figures

PLOT = (
    '<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 30 15"><metadata>'
    '<d xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>Matplotlib v3</dc:title></d>'
    '</metadata><path id="a" style="fill: #0072b2"/></svg>'
)
DRAWING = '<?xml version="1.0"?>\n<svg role="img" viewBox="0 0 2 1">\n<title>x</title>\n<g/></svg>'


def page(*images: nodes.image) -> nodes.document:
    document = utils.new_document("page")
    document.extend(images)
    return document


def put(folder: Path, document: nodes.document, builder: str = "html") -> list[str]:
    """Return what stands in the page instead of its images."""
    app: Any = SimpleNamespace(srcdir=str(folder), builder=SimpleNamespace(format=builder))
    svg_figures.put_in_page(app, document, "page")
    return [node["svg"] for node in document.findall(svg_figures.InlineSvg)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "plot.svg").write_text(PLOT, "utf-8")
    (tmp_path / "drawing.svg").write_text(DRAWING, "utf-8")
    (tmp_path / "photo.png").write_bytes(b"")
    return tmp_path


def test_a_cells_figure_takes_the_pages_colours_and_keeps_its_alternative_text(
    folder: Path,
) -> None:
    (svg,) = put(folder, page(nodes.image(uri="plot.svg", alt='a "b" & c')))
    assert "var(--input,#0072b2)" in svg
    assert 'role="img" aria-label="a &quot;b&quot; &amp; c"' in svg
    assert "Matplotlib" not in svg


def test_our_own_drawing_is_put_in_under_its_label(folder: Path) -> None:
    image = nodes.image(uri="drawing.svg", alt="two & one", classes=["cover"])
    (svg,) = put(folder, page(image))
    assert svg == (
        '<svg viewBox="0 0 2 1" class="drawing cover" role="img" aria-label="two &amp; one">'
        "<g/></svg>"
    )


def test_other_images_and_other_builders_stay(folder: Path) -> None:
    document = page(
        nodes.image(uri="photo.png", alt=""), nodes.image(uri="https://example.org/a.svg", alt="")
    )
    assert put(folder, document) == []
    assert len(list(document.findall(nodes.image))) == 2
    assert put(folder, page(nodes.image(uri="plot.svg", alt="")), builder="latex") == []


def test_a_figure_shown_twice_has_ids_of_its_own_each_time(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prefixes: list[str] = []

    def themed(svg: str, *, label: str, prefix: str) -> str:
        prefixes.append(prefix)
        return "<svg></svg>"

    monkeypatch.setattr(svg_figures, "themed", themed)
    put(folder, page(*(nodes.image(uri="plot.svg", alt="") for _ in range(2))))
    assert len(set(prefixes)) == 2


def test_kernels_of_the_build_draw_svg(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IPYTHONDIR", "before")
    app: Any = SimpleNamespace(doctreedir=str(tmp_path))
    svg_figures.draw_svg(app, SimpleNamespace())  # type: ignore[arg-type]
    profile = Path(os.environ["IPYTHONDIR"], "profile_default", "ipython_kernel_config.py")
    settings = SimpleNamespace(InlineBackend=SimpleNamespace())
    exec(profile.read_text("utf-8"), {"get_config": lambda: settings})
    assert settings.InlineBackend.figure_formats == {"svg"}
    assert settings.InlineBackend.rc["svg.fonttype"] == "none"
    assert settings.InlineBackend.print_figure_kwargs["metadata"] == {"Date": None}
