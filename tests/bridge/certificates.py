"""Certificates of a private authority, for a broker on loopback and for a bridge."""

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from devtools.processes import LOOPBACK


def write_certificates(folder: Path) -> None:
    """Write `authority.pem`, and the certificates and keys `broker` and `bridge` (.pem, .key)."""
    authority, broker, bridge = (ec.generate_private_key(ec.SECP256R1()) for _ in range(3))
    issuer = common_name("A private authority")
    is_authority = x509.BasicConstraints(ca=True, path_length=None)
    own = certificate(issuer, issuer, authority, authority.public_key())
    own = own.add_extension(is_authority, critical=True)
    address = x509.SubjectAlternativeName([x509.IPAddress(ip_address(LOOPBACK))])
    served = certificate(common_name("broker"), issuer, authority, broker.public_key())
    served = served.add_extension(address, critical=False)
    client = certificate(common_name("bridge"), issuer, authority, bridge.public_key())
    for name, builder in (("authority", own), ("broker", served), ("bridge", client)):
        signed = builder.sign(authority, hashes.SHA256())
        (folder / f"{name}.pem").write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    for name, key in (("broker", broker), ("bridge", bridge)):
        pem = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        (folder / f"{name}.key").write_bytes(pem)
        (folder / f"{name}.key").chmod(0o600)


def common_name(name: str) -> x509.Name:
    """Return a name that consists of a common name only."""
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def certificate(
    subject: x509.Name,
    issuer: x509.Name,
    signer: ec.EllipticCurvePrivateKey,
    key: ec.EllipticCurvePublicKey,
) -> x509.CertificateBuilder:
    """Return a certificate for one day, to be completed and signed."""
    identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(identifier, critical=False)
    )
