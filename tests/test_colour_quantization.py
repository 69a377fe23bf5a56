"""Colour quantization: the pictures, the evidence, and uploads that are not what they say."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="scikit-learn is not installed")

from PIL import Image
from sklearn.metrics import mean_squared_error

from bench.values import Side
from bench.workload.declaration import BadInput, Settings, registry
from workloads.colour_quantization.arm import ColourQuantization, psnr
from workloads.colour_quantization.image import LARGEST_FILE, decode


def write(folder: Path, image: Image.Image, kind: str = "PNG", **options) -> Path:
    file = folder / "upload"
    image.save(file, kind, **options)
    return file


def arm(tmp_path: Path, **parameters) -> ColourQuantization:
    """The stock arm on a small picture, run once; the patched one needs a process of its own."""
    picture = np.random.default_rng(0).integers(0, 255, (40, 50, 3), dtype=np.uint8)
    uploads = tmp_path / "uploads"
    uploads.mkdir(exist_ok=True)
    write(uploads, Image.fromarray(picture)).rename(uploads / ("0" * 64))
    given = {"image": "upload:" + "0" * 64, "colours": 8, "sample": 1000, "start": "own"} | parameters
    settings = Settings("stock", 1, parameters.pop("batch", 1), given, 0, tmp_path, uploads, tmp_path)
    made = ColourQuantization(settings)
    made.told = made.prepare(lambda text: None)
    made.repeat(0, lambda step, work: work())
    return made


def test_an_arm_learns_colours_that_beat_random_ones(tmp_path):
    made = arm(tmp_path)
    measures, pictures = made.conclude()
    values = {measure.name: measure.value for measure in measures}
    assert values["psnr"] > values["psnr-random"]
    assert values["inertia"] > 0
    assert [picture.name for picture in pictures] == ["original", "learned", "random"]
    learned = np.asarray(Image.open(io.BytesIO(__import__("base64").b64decode(pictures[1].base64))))
    assert len(np.unique(learned.reshape(-1, 3), axis=0)) <= 8
    assert made.told["work"] == 2000


def test_more_pixels_than_there_are_means_all_of_them(tmp_path):
    assert len(arm(tmp_path, sample=10**9).sample) == 2000


def test_shared_starting_colours_are_the_same_in_every_arm(tmp_path):
    assert np.array_equal(arm(tmp_path, start="shared").start, arm(tmp_path, start="shared").start)


def test_an_arm_agrees_with_itself(tmp_path):
    made = arm(tmp_path)
    made.conclude()
    assert [measure.value for measure in made.compare(tmp_path)[0]] == [100.0, 100.0]


def test_the_stock_arm_is_not_patched(tmp_path):
    evidence = arm(tmp_path).evidence()
    assert {told.path for told in evidence} == {"stock"}
    assert "sklearn.cluster._kmeans.KMeans" in evidence[0].words[0]


def test_psnr_is_that_of_the_mean_squared_error():
    rng = np.random.default_rng(0)
    one, other = rng.integers(0, 256, (2, 8, 9, 3), dtype=np.uint8)
    error = mean_squared_error(one.ravel().astype(float), other.ravel().astype(float))
    assert psnr(one, other) == pytest.approx(10 * np.log10(255**2 / error))
    assert psnr(one, one) == 100.0


# --- uploads ---


def png_of_size(width: int, height: int) -> bytes:
    """A PNG that claims a size and holds nothing."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "no PNG or JPEG"),
        (b"GIF89a" + bytes(100), "no PNG or JPEG"),
        (b"<svg/>", "no PNG or JPEG"),
        (png_of_size(6_000, 5_000), "30.0 megapixels"),
        (png_of_size(30_000, 30_000), "megapixels"),
        (png_of_size(2**31 - 1, 2**31 - 1), "megapixels"),
        (png_of_size(100, 100), "cannot be decoded"),
        (png_of_size(10, 10), "only 100 pixels"),
        (bytes(LARGEST_FILE + 1), "10.0 MB"),
    ],
)
def test_an_upload_that_is_not_what_it_says_is_refused_with_what_to_do(tmp_path, content, words):
    file = tmp_path / "upload"
    file.write_bytes(content)
    with pytest.raises(BadInput, match=words) as error:
        decode(file)
    assert error.value.remedy


def test_a_truncated_jpeg_is_refused(tmp_path):
    file = write(tmp_path, Image.effect_noise((300, 300), 80), "JPEG")
    file.write_bytes(file.read_bytes()[:2000])
    with pytest.raises(BadInput, match="cannot be decoded"):
        decode(file)


def test_an_upload_that_is_gone_is_told(tmp_path):
    with pytest.raises(BadInput, match="no longer there"):
        decode(tmp_path / "nothing")


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "LA", "1", "I;16", "CMYK"])
def test_every_kind_of_picture_becomes_red_green_and_blue(tmp_path, mode):
    kind = "JPEG" if mode == "CMYK" else "PNG"
    image = Image.new(mode, (40, 30))
    assert decode(write(tmp_path, image, kind)).shape == (30, 40, 3)


def test_what_is_transparent_becomes_white(tmp_path):
    assert (decode(write(tmp_path, Image.new("RGBA", (40, 30), (255, 0, 0, 0)))) == 255).all()


def test_the_patched_arm_says_which_steps_ran_accelerated(tmp_path):
    """In a real race, since patching is process-wide."""
    workload = registry()["colour-quantization"]
    if workload.unavailable():
        pytest.skip(workload.unavailable())
    from bench.machine.core_selection import choose
    from bench.plan.plan import make
    from bench.race.race import Race
    from tests.conftest import opened

    scratch = tmp_path / "scratch"
    scratch.mkdir()
    plan = make("colour-quantization", cores=1, budget_s=2, target=0.5, parameters={"colours": 8})
    race = Race(
        opened().model_copy(update={"plan": plan}),
        tell=lambda event: None,
        stop=lambda: None,
        scratch=scratch,
        cores=choose(1),
    )
    race.run()
    told = {evidence.step: evidence for evidence in race.record.evidence[Side.ACCELERATED]}
    assert told["fit"].path == "accelerated"
    assert told["fit"].accelerated_calls == told["fit"].calls > 0
    assert "running accelerated version" in " ".join(told["fit"].words)
    assert told["assign"].path == "stock"
    assert "no pairwise_distances_argmin of its own" in told["assign"].reason
    assert race.record.verdict.engagement == "partial"
    assert len(race.record.pictures[Side.BASELINE]) == 3
