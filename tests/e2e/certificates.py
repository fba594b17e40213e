"""Throw-away certificates, made with the openssl program."""

import ipaddress
import pathlib
import subprocess
from typing import Tuple

_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]


def self_signed(folder: pathlib.Path, name: str) -> Tuple[str, str]:
    """A self-signed certificate for a host name or an address, and its key,
    as paths of PEM files. It is its own authority."""
    cert, key = folder / f"{name}.pem", folder / f"{name}.key"
    subprocess.run(
        ["openssl", "req", "-x509", *_KEY, "-days", "2",
         "-subj", "/CN=double", "-addext",
         f"subjectAltName={_alternative(name)}",
         "-keyout", key, "-out", cert], check=True, capture_output=True)
    return str(cert), str(key)


def signed(folder: pathlib.Path, name: str) -> Tuple[str, str, str]:
    """An authority's certificate, one that it signed for `name`, and the key
    of that. Clients that take no authority for a server need two."""
    authority, authority_key = self_signed(folder, "authority")
    request, cert, key = (folder / f"leaf.{end}"
                          for end in ("csr", "pem", "key"))
    subprocess.run(
        ["openssl", "req", *_KEY, "-subj", "/CN=gate", "-keyout", key,
         "-out", request], check=True, capture_output=True)
    extensions = folder / "leaf.ext"
    extensions.write_text(f"subjectAltName={_alternative(name)}\n"
                          "basicConstraints=critical,CA:FALSE\n"
                          "extendedKeyUsage=serverAuth\n")
    subprocess.run(
        ["openssl", "x509", "-req", "-in", request, "-CA", authority,
         "-CAkey", authority_key, "-CAcreateserial", "-days", "2",
         "-extfile", extensions, "-out", cert], check=True,
        capture_output=True)
    return authority, str(cert), str(key)


def _alternative(name: str) -> str:
    try:
        return f"IP:{ipaddress.ip_address(name)}"
    except ValueError:
        return f"DNS:{name}"
