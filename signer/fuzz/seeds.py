"""Writes the first inputs of both fuzz targets, made from the fixtures of the tests."""

import base64
import json
import random
from pathlib import Path

HERE = Path(__file__).parent
FIXTURES = HERE.parent / "tests" / "fixtures"
# The target `issue` puts its key here.
PLACEHOLDER = bytes.fromhex("30044b455921")


def element(der):
    """The first element's content, where it ends, and the whole."""
    header, length = 2, der[1]
    if length >= 0x80:
        header += length - 0x80
        length = int.from_bytes(der[2:header], "big")
    end = header + length
    return der[header:end], der[:end], der[end:]


def info(pem):
    """What is within the part that is signed, with the placeholder for the key."""
    der = base64.b64decode("".join(line for line in pem.splitlines() if not line.startswith("-")))
    fields, _, _ = element(element(der)[0])
    _, version, rest = element(fields)
    _, subject, rest = element(rest)
    _, _, attributes = element(rest)
    return version + subject + PLACEHOLDER + attributes


def write(target, name, content):
    folder = HERE / "corpus" / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content)


for path in sorted(FIXTURES.glob("*.pem")):
    pem = path.read_text()
    write("request", path.stem, pem.encode())
    write("request", f"{path.stem}-body", json.dumps({"csr": pem, "ttl_hours": 12}).encode())
    write("issue", f"{path.stem}-p256", b"\x02" + info(pem))
    write("issue", f"{path.stem}-ed25519", b"\x03" + info(pem))

# Decisions for the mutator.
choice = random.Random(1)
for index in range(200):
    write("issue", f"decisions-{index}", bytes([index & 1]) + choice.randbytes(64))
