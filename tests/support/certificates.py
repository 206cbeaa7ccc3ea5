"""An authority of its own, with a certificate that it signed, for clusters with TLS."""

from __future__ import annotations

import datetime

import pytest

pytest.importorskip("cryptography", reason="it makes the certificates")

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


def authority(folder, name):
    """The files of a new authority, and of a certificate that it signed with its key."""
    folder.mkdir()
    now = datetime.datetime.now(datetime.UTC)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    own = ec.generate_private_key(ec.SECP256R1())

    def signed(subject, key, is_authority):
        made = x509.CertificateBuilder().issuer_name(issuer).subject_name(subject).public_key(key.public_key())
        made = made.serial_number(x509.random_serial_number())
        made = made.not_valid_before(now - datetime.timedelta(days=1)).not_valid_after(now + datetime.timedelta(days=1))
        made = made.add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        return made.sign(own, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    issuer = subject
    (folder / "ca.pem").write_bytes(signed(subject, own, True))
    key = ec.generate_private_key(ec.SECP256R1())
    member = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"{name} member")])
    (folder / "cert.pem").write_bytes(signed(member, key, False))
    text = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                             serialization.NoEncryption())  # fmt: skip
    (folder / "key.pem").write_bytes(text)
    return folder
