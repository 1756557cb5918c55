"""Picture files of every kind that Weir reads, and the pixels that PIL gives for them, upright."""

import io
import struct
import zlib

import numpy as np
import torch
from PIL import Image, ImageCms, ImageOps

from fixtures import OUT, save_cases, save_tensors
from pictures import picture

HOME = OUT / "pictures/files"
WIDTH, HEIGHT = 21, 14
ADAM7 = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]


def chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def scanlines(samples: np.ndarray, bits: int) -> bytes:
    """Rows of a PNG without a filter. Samples of [height, width, channels]."""
    rows = []
    for row in samples.reshape(samples.shape[0], -1):
        if bits == 16:
            packed = row.astype(">u2").tobytes()
        else:
            spread = ((row[:, None].astype(np.uint8) >> np.arange(bits - 1, -1, -1, dtype=np.uint8)) & 1).ravel()
            packed = np.packbits(spread).tobytes()
        rows.append(b"\0" + packed)
    return b"".join(rows)


def png(samples: np.ndarray, bits: int, color: int, more=b"", interlaced: bool = False) -> bytes:
    """PIL writes neither 16 bits of colours nor interlaced files."""
    header = struct.pack(">IIBBBBB", samples.shape[1], samples.shape[0], bits, color, 0, 0, int(interlaced))
    if interlaced:
        passes = [samples[y::down, x::across] for x, y, across, down in ADAM7]
        data = b"".join(scanlines(part, bits) for part in passes if part.size)
    else:
        data = scanlines(samples, bits)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + more + chunk(b"IDAT", zlib.compress(data))
            + chunk(b"IEND", b""))


def saved(image: Image.Image, kind: str, **options) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def exif(orientation: int) -> bytes:
    tags = Image.Exif()
    tags[0x0112] = orientation
    return tags.tobytes()


def without(file: bytes, marker: int) -> bytes:
    """A JPEG without its segments of one kind."""
    at = 2
    while file[at + 1] != 0xDA:
        length = 2 + int.from_bytes(file[at + 2:at + 4], "big")
        if file[at + 1] == marker:
            file = file[:at] + file[at + length:]
        else:
            at += length
    return file


def png_files(color: Image.Image, alpha: Image.Image, grey: Image.Image) -> dict:
    deep = np.random.default_rng(1).integers(0, 65536, [HEIGHT, WIDTH, 4])
    small = np.random.default_rng(2).integers(0, 16, [HEIGHT, WIDTH, 1])
    palette = color.quantize(9)
    samples = np.array(color)
    return {
        "rgb.png": saved(color, "png"),
        "rgba.png": saved(alpha, "png"),
        "grey.png": saved(grey, "png"),
        "grey-alpha.png": saved(alpha.convert("LA"), "png"),
        "palette.png": saved(palette, "png"),
        "palette-transparent.png": saved(palette, "png", transparency=bytes([0, 255, 100])),
        "bits-1.png": saved(grey.convert("1"), "png"),
        "grey-2.png": png(small // 4, 2, 0),
        "grey-4.png": png(small, 4, 0),
        "rgb-16.png": png(deep[..., :3], 16, 2),
        "rgba-16.png": png(deep, 16, 6),
        "grey-16.png": png(deep[..., :1], 16, 0),
        "grey-transparent.png": png(np.array(grey)[..., None], 8, 0,
                                    chunk(b"tRNS", struct.pack(">H", np.array(grey)[3, 4]))),
        "rgb-transparent.png": png(samples, 8, 2, chunk(b"tRNS", struct.pack(">HHH", *samples[5, 6]))),
        "interlaced.png": png(samples, 8, 2, interlaced=True),
        "interlaced-palette.png": png(small, 4, 3, chunk(b"PLTE", bytes(range(48))), interlaced=True),
        "gamma.png": png(np.array(grey)[..., None], 8, 0, chunk(b"gAMA", struct.pack(">I", 100000))),
        "text.png": png(samples, 8, 2, chunk(b"zTXt", b"Comment\0\0" + zlib.compress(b"x" * 3000))),
        "profile.png": saved(color, "png", icc_profile=profile()),
        "turned.png": saved(color, "png", exif=exif(6)),
    }


def profile() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def jpeg_files(color: Image.Image, grey: Image.Image) -> dict:
    smooth = color.resize((WIDTH * 2, HEIGHT * 2), Image.BICUBIC)
    plain = saved(smooth, "jpeg", quality=90, subsampling=0)
    inks = saved(smooth.convert("CMYK"), "jpeg", quality=95)
    # The same numbers, said to be luma, chroma and black.
    ycck = inks.replace(b"Adobe\0d\0\0\0\0\0", b"Adobe\0d\0\0\0\0\2")
    assert ycck != inks
    files = {
        "444.jpg": plain,
        "420.jpg": saved(smooth, "jpeg", quality=90, subsampling=2),
        "progressive.jpg": saved(smooth, "jpeg", quality=90, progressive=True),
        "restarts.jpg": saved(smooth, "jpeg", quality=90, restart_marker_blocks=2),
        "grey.jpg": saved(grey, "jpeg", quality=90),
        "rgb.jpg": saved(smooth, "jpeg", quality=90, keep_rgb=True),
        "no-marker.jpg": without(plain, 0xE0),
        "profile.jpg": saved(smooth, "jpeg", quality=90, icc_profile=profile()),
        "cmyk.jpg": inks,
        "ycck.jpg": ycck,
    }
    for orientation in range(1, 9):
        files[f"turned-{orientation}.jpg"] = saved(smooth, "jpeg", quality=95, exif=exif(orientation))
    return files


def soft(channels: int) -> Image.Image:
    """Slow waves of colour: decoders differ in how they interpolate the chroma of two by two pixels."""
    y, x = np.mgrid[0:30, 0:40]
    waves = 127.5 + 120 * np.sin(x[..., None] / 9 + y[..., None] / 7 + 2 * np.arange(channels))
    return Image.fromarray(waves.round().astype(np.uint8))


def webp_files(color: Image.Image, alpha: Image.Image) -> dict:
    return {
        "lossless.webp": saved(color, "webp", lossless=True),
        "lossless-alpha.webp": saved(alpha, "webp", lossless=True, exact=True),
        "lossless-palette.webp": saved(color.quantize(6).convert("RGB"), "webp", lossless=True),
        "lossy.webp": saved(soft(3), "webp", quality=90),
        "lossy-alpha.webp": saved(soft(4), "webp", quality=90, exact=True),
        "turned.webp": saved(color, "webp", lossless=True, exif=exif(8), icc_profile=profile()),
    }


def pixels(file: bytes) -> Image.Image:
    image = ImageOps.exif_transpose(Image.open(io.BytesIO(file)))
    if image.has_transparency_data:
        return image.convert("RGBA")
    return image.convert("L" if image.mode in ("1", "L") else "RGB")


def expected(name: str, file: bytes) -> np.ndarray:
    if name == "grey-16.png":  # PIL cuts these off at 255, which nobody wants: the upper 8 bits, as of colours
        return (np.array(Image.open(io.BytesIO(file))) >> 8).astype(np.uint8)
    return np.array(pixels(file))


def main() -> None:
    color, grey = picture(WIDTH, HEIGHT, 3, 70), picture(WIDTH, HEIGHT, 1, 71)
    alpha = color.copy()
    alpha.putalpha(picture(WIDTH, HEIGHT, 1, 72))
    HOME.mkdir(parents=True, exist_ok=True)
    files = png_files(color, alpha, grey) | jpeg_files(color, grey) | webp_files(color, alpha)
    tensors, cases = {}, []
    for name, file in files.items():
        (HOME / name).write_bytes(file)
        tensors[name] = torch.from_numpy(expected(name, file).copy())
        cases.append({"file": name, "shape": list(tensors[name].shape)})
    frames = [color, ImageOps.mirror(color)]
    (HOME / "animated.webp").write_bytes(saved(frames[0], "webp", save_all=True, append_images=frames[1:]))
    save_tensors(HOME.parent / "files.safetensors", tensors)
    save_cases(HOME.parent / "files.json", cases)
