"""models/manifest.json: every trained file with its size, sha256 and licence."""
import hashlib
import json
from pathlib import Path

MODELS = Path(__file__).resolve().parents[1]


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def record(folder, names):
    """Writes the rows of one folder anew and leaves those of the others."""
    path = MODELS / "manifest.json"
    others = [row for row in json.loads(path.read_text())["files"] if not row["file"].startswith(f"{folder}/")]
    rows = others + [{"file": f"{folder}/{name}", "bytes": (MODELS / folder / name).stat().st_size,
                      "sha256": sha256(MODELS / folder / name), "licence": "Apache-2.0"} for name in names]
    path.write_text(json.dumps({"files": sorted(rows, key=lambda row: row["file"].split("/")[0])}, indent=2) + "\n")
