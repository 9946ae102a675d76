"""The child process of `preview`: a document on standard input, a WebP picture on standard output.

Run as a script with: pdf|picture PAGE MAX_PIXELS. It imports nothing of ours.
"""

import io
import resource
import sys
from typing import Any

EDGE = 1_600  # pixels of the longer side: sharp on a laptop, 100-300 kB
MEMORY = 1_500 * 2**20  # an RGBA picture of 64 million pixels takes 256 MB, and is copied twice
SECONDS = 15


def limit() -> None:
    """Take from this process what it does not need."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (32 * 2**20, 32 * 2**20))
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def picture(content: bytes, max_pixels: int) -> Any:
    """The picture, upright and small."""
    from PIL import Image, ImageOps  # noqa: PLC0415 - after the limits are set

    sent = Image.open(io.BytesIO(content), formats=["PNG", "JPEG", "GIF", "WEBP"])
    if sent.width * sent.height > max_pixels:
        raise SystemExit("too large")
    sent.draft("RGB", (EDGE, EDGE))
    sent.load()
    image = ImageOps.exif_transpose(sent)
    image.thumbnail((EDGE, EDGE))
    return image.convert("RGBA" if image.has_transparency_data else "RGB")


def page_of_pdf(content: bytes, page: int) -> Any:
    """A page, painted; its scripts, forms and links are not looked at."""
    import pypdfium2  # noqa: PLC0415

    document = pypdfium2.PdfDocument(content)
    if page > len(document):
        raise SystemExit("no such page")
    sheet = document[page - 1]
    scale = EDGE / max(*sheet.get_size(), 1)
    return sheet.render(scale=min(scale, 4), may_draw_forms=False).to_pil().convert("RGB")


def main() -> None:
    """Draw."""
    limit()
    kind, page, max_pixels = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    content = sys.stdin.buffer.read()
    image = page_of_pdf(content, page) if kind == "pdf" else picture(content, max_pixels)
    image.info.clear()  # where a photograph was taken is nobody's business
    output = io.BytesIO()
    image.save(output, "WEBP", quality=82)
    sys.stdout.buffer.write(output.getvalue())


if __name__ == "__main__":
    main()
