"""Proofs of the ledger, checked offline: notes, checkpoints, Merkle proofs and `.tlog-proof` files (C2SP).

Signatures need the package `cryptography`: `pip install mudeung[verify]`.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ._errors import ConfigurationError, MudeungError

PROOF_MEDIA_TYPE = "application/vnd.c2sp.tlog-proof"
_HEADER = "c2sp.org/tlog-proof@v1"
_NOTE_BYTES_MAX = 64 * 1024
_PROOF_BYTES_MAX = 3 * 64 * 1024
_SIGNATURES_MAX = 64
_HASHES_MAX = 63
_ED25519, _COSIGNATURE_V1 = 1, 4


class ProofFailed(MudeungError):
    """A proof is malformed, not signed by whom one trusts, or does not hold."""


@dataclass(frozen=True)
class Checkpoint:
    """Size and root of the tree, as the log signed it."""

    origin: str
    size: int
    root: bytes


@dataclass(frozen=True)
class Verified:
    """An entry that is in the ledger, with the checkpoint it stands under and the witnesses that cosigned that."""

    index: int
    entry: dict[str, Any]
    checkpoint: Checkpoint
    witnesses: dict[str, int]


@dataclass(frozen=True)
class _Key:
    name: str
    identifier: bytes
    public: bytes


@dataclass(frozen=True)
class Trust:
    """Whom to trust: the log's verifier keys, present and former, and witnesses of which `threshold` must have cosigned.

    Keys are texts of the form `name+identifier+base64`. Get them from the hospital and the witnesses themselves, never
    with what is to be checked.
    """

    logs: Sequence[str]
    witnesses: Sequence[str] = ()
    threshold: int = 0

    def __post_init__(self) -> None:
        logs, witnesses = self._keys()
        if not logs or len({key.name for key in logs}) != 1:
            raise ConfigurationError("give the verifier keys of one log")
        if len({key.public for key in witnesses}) != len(witnesses):
            raise ConfigurationError("two witnesses have the same key")
        if not 0 <= self.threshold <= len(witnesses):
            raise ConfigurationError(f"{self.threshold} witnesses must have cosigned, {len(witnesses)} are known")

    def _keys(self) -> tuple[list[_Key], list[_Key]]:
        return [_key(text, _ED25519) for text in self.logs], [_key(text, _COSIGNATURE_V1) for text in self.witnesses]

    def check(self, note: str) -> tuple[Checkpoint, dict[str, int]]:
        """The checkpoint in a signed note and the known witnesses that cosigned it, with the time of each."""
        logs, witnesses = self._keys()
        text, signatures = _parse_note(note)
        checkpoint = _parse_checkpoint(text)
        signed, cosigned = False, {}
        for name, identifier, signature in signatures:
            for key in logs:
                if (key.name, key.identifier) == (name, identifier):
                    _verify(key.public, signature, text.encode())
                    signed = signed or name == checkpoint.origin
            for key in witnesses:
                if (key.name, key.identifier) == (name, identifier):
                    time = int.from_bytes(signature[:8], "big")
                    if not 0 < time < 2**63:
                        raise ProofFailed("a cosignature has no time")
                    _verify(key.public, signature[8:], f"cosignature/v1\ntime {time}\n{text}".encode())
                    cosigned[name] = max(time, cosigned.get(name, 0))
        if not signed:
            raise ProofFailed(f"no signature by the log {logs[0].name}")
        if len(cosigned) < self.threshold:
            raise ProofFailed(f"{len(cosigned)} known witnesses cosigned; {self.threshold} must have")
        return checkpoint, cosigned


def verify_proof(text: str, trust: Trust) -> Verified:
    """Checks a `.tlog-proof` with the entry it brings along, or raises `ProofFailed`."""
    if len(text.encode()) > _PROOF_BYTES_MAX:
        raise ProofFailed("the proof is too long")
    head, separator, note = text.partition("\n\n")
    lines = head.split("\n")
    if not separator or lines.pop(0) != _HEADER:
        raise ProofFailed(f"not a proof: it does not begin with {_HEADER} or has no checkpoint")
    if not lines or not lines[0].startswith("extra "):
        raise ProofFailed("the proof does not hold the entry itself")
    leaf = _decode(lines.pop(0).removeprefix("extra "))
    if not lines or not lines[0].startswith("index "):
        raise ProofFailed("not a proof: it has no index")
    index = _decimal(lines.pop(0).removeprefix("index "))
    if len(lines) > _HASHES_MAX:
        raise ProofFailed("not a proof: it has too many hashes")
    hashes = [_hash(line) for line in lines]
    checkpoint, witnesses = trust.check(note)
    if not verify_inclusion(index, leaf_hash(leaf), checkpoint.size, checkpoint.root, hashes):
        raise ProofFailed("the entry is not in the tree that was signed")
    return Verified(index, json.loads(leaf), checkpoint, witnesses)


def leaf_hash(entry: bytes) -> bytes:
    """The hash of an entry's canonical bytes as a leaf of the tree (RFC 6962)."""
    return hashlib.sha256(b"\x00" + entry).digest()


def _node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def verify_inclusion(index: int, leaf: bytes, size: int, root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether `leaf` is entry `index` of the tree of `size` entries (RFC 9162 section 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    node, last, found = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False
        if node & 1 or node == last:
            found = _node_hash(sibling, found)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            found = _node_hash(found, sibling)
        node, last = node >> 1, last >> 1
    return last == 0 and found == root


def verify_consistency(before: int, old: bytes, after: int, new: bytes, proof: Sequence[bytes]) -> bool:
    """Whether the tree of `after` entries begins with the tree of `before` (RFC 9162 section 2.1.4.2)."""
    if before == after:
        return not proof and old == new
    if before == 0:
        return not proof and old == hashlib.sha256(b"").digest()
    if not 0 < before < after:
        return False
    path = list(proof)
    if before & (before - 1) == 0:
        path.insert(0, old)
    if not path:
        return False
    node, last = before - 1, after - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    first = second = path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if node & 1 or node == last:
            first, second = _node_hash(sibling, first), _node_hash(sibling, second)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            second = _node_hash(second, sibling)
        node, last = node >> 1, last >> 1
    return last == 0 and first == old and second == new


def _key(text: str, algorithm: int) -> _Key:
    name, _, rest = text.strip().partition("+")
    identifier, _, encoded = rest.partition("+")
    try:
        kind, public = (material := _decode(encoded))[:1], material[1:]
    except ProofFailed:
        kind, public = b"", b""
    expected = hashlib.sha256(name.encode() + b"\n" + kind + public).digest()[:4]
    if kind != bytes([algorithm]) or len(public) != 32 or expected.hex() != identifier or not _is_key_name(name):
        raise ConfigurationError(f"`{text.strip()}` is not a verifier key of {_KINDS[algorithm]}")
    return _Key(name, expected, public)


_KINDS = {_ED25519: "a log", _COSIGNATURE_V1: "a witness"}


def _is_key_name(name: str) -> bool:
    return 0 < len(name.encode()) < 256 and "+" not in name and not re.search(r"\s", name)


def _parse_note(note: str) -> tuple[str, list[tuple[str, bytes, bytes]]]:
    if len(note.encode()) > _NOTE_BYTES_MAX or re.search(r"[\x00-\x09\x0b-\x1f]", note):
        raise ProofFailed("not a signed note: too long, or with control characters")
    text, separator, below = note.rpartition("\n\n")
    if not separator or not below.endswith("\n"):
        raise ProofFailed("not a signed note: it does not end with a line of a signature")
    signatures = []
    for line in below[:-1].split("\n"):
        found = re.fullmatch("\u2014 ([^ ]+) ([^ ]+)", line)
        if found is None or not _is_key_name(found[1]) or len(signatures) == _SIGNATURES_MAX:
            raise ProofFailed("not a signed note: a line is not a signature, or there are too many")
        material = _decode(found[2])
        if len(material) < 5:
            raise ProofFailed("not a signed note: a signature is empty")
        signatures.append((found[1], material[:4], material[4:]))
    return text + "\n", signatures


def _parse_checkpoint(text: str) -> Checkpoint:
    lines = text[:-1].split("\n")
    if len(lines) < 3 or not all(lines):
        raise ProofFailed("not a checkpoint: a line is missing or empty")
    size, root = _decimal(lines[1]), _hash(lines[2])
    if size == 0 and root != hashlib.sha256(b"").digest():
        raise ProofFailed("not a checkpoint: an empty tree has another root")
    return Checkpoint(lines[0], size, root)


def _decimal(text: str) -> int:
    if not re.fullmatch("0|[1-9][0-9]{0,19}", text):
        raise ProofFailed(f"`{text[:40]}` is not a number")
    return int(text)


def _hash(text: str) -> bytes:
    found = _decode(text)
    if len(found) != 32:
        raise ProofFailed("a line is not a hash")
    return found


def _decode(text: str) -> bytes:
    try:
        found = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise ProofFailed("a part is not base64") from None
    if base64.b64encode(found).decode() != text:
        raise ProofFailed("a part is not base64 in its one form")
    return found


def _verify(public: bytes, signature: bytes, message: bytes) -> None:
    try:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    except ImportError:
        raise ConfigurationError("checking signatures needs `pip install mudeung[verify]`") from None
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        raise ProofFailed("a signature by a known key does not verify") from None
