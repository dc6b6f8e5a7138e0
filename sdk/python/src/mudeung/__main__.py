"""`mudeung verify FILE…`: checks proofs of the ledger without asking anyone."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from ._errors import ConfigurationError, MudeungError
from ._ledger import Trust, verify_proof


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status: 0 all hold, 1 one does not, 2 the input was wrong."""
    parser = argparse.ArgumentParser(prog="mudeung", description="Tools of the Mudeung sandbox.")
    commands = parser.add_subparsers(dest="command", required=True)
    verify = commands.add_parser("verify", help="check .tlog-proof files offline")
    verify.add_argument("file", nargs="+", type=Path)
    verify.add_argument("--log", action="append", required=True, metavar="KEY", help="verifier key of the log; again for former ones")
    verify.add_argument("--witness", action="append", default=[], metavar="KEY", help="verifier key of a witness")
    verify.add_argument("--threshold", type=int, default=0, metavar="N", help="so many witnesses must have cosigned")
    given = parser.parse_args(arguments)
    try:
        trust = Trust(given.log, given.witness, given.threshold)
    except ConfigurationError as error:
        print(f"mudeung: {error}", file=sys.stderr)
        return 2
    failed = 0
    for path in given.file:
        try:
            found = verify_proof(path.read_bytes().decode(), trust)
            entry = found.entry
            what = " ".join(str(entry[name]) for name in ("operation", "dataset", "table") if name in entry)
            size = found.checkpoint.size
            print(f"{path}: holds: entry {found.index} of {size}, {what}, {len(found.witnesses)} witnesses")
        except ConfigurationError as error:
            print(f"mudeung: {error}", file=sys.stderr)
            return 2
        except (MudeungError, OSError, UnicodeDecodeError, ValueError) as error:
            failed += 1
            print(f"{path}: DOES NOT HOLD: {error}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
