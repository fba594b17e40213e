"""Throw-away certificates, made with the openssl program."""

import ipaddress
import pathlib
import subprocess
from typing import Tuple


def self_signed(folder: pathlib.Path, name: str) -> Tuple[str, str]:
    """A self-signed certificate for a host name or an address, and its key,
    as paths of PEM files. It is its own authority."""
    cert, key = folder / f"{name}.pem", folder / f"{name}.key"
    try:
        subject = f"IP:{ipaddress.ip_address(name)}"
    except ValueError:
        subject = f"DNS:{name}"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
         "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
         "-subj", "/CN=double", "-addext", f"subjectAltName={subject}",
         "-keyout", key, "-out", cert], check=True, capture_output=True)
    return str(cert), str(key)
