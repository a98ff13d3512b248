# SPDX-License-Identifier: Apache-2.0
"""Certificates that our own tool would not issue, made with the openssl command: RSA, odd usages, flaws."""
import os

from .edge import DOMAIN
from .process import run

RSA = ("-newkey", "rsa:2048")


class Forge:
    """Certificates no honest CA would issue, made with the openssl command."""

    def __init__(self, folder, ca):
        self.folder, self.ca = folder, ca
        folder.mkdir(exist_ok=True)

    def make(self, name, san=f"URI:sip:alice@{DOMAIN}", eku="clientAuth,serverAuth", days=("20250101000000Z", "20350101000000Z"),
             key=("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"), digest="sha256", ca_flag="CA:FALSE", issuer=None):
        request, cert, key_file = (self.folder / f"{name}{ending}" for ending in (".csr", ".pem", ".key"))
        run(["openssl", "req", "-new", *key, "-nodes", "-keyout", key_file, "-out", request, "-subj", f"/CN={name}"])
        extensions = self.folder / f"{name}.ext"
        extensions.write_text(f"basicConstraints=critical,{ca_flag}\nkeyUsage=critical,digitalSignature\n"
                              f"subjectAltName={san}\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n" + (f"extendedKeyUsage={eku}\n" if eku else ""))
        config = self.folder / f"{name}.cnf"
        (self.folder / f"{name}.index").write_text("")
        config.write_text(f"[ca]\ndefault_ca=d\n[d]\ndatabase={self.folder}/{name}.index\nnew_certs_dir={self.folder}\nrand_serial=yes\n"
                          f"default_md={digest}\npolicy=p\nunique_subject=no\n[p]\ncommonName=supplied\n")
        ca_cert, ca_key = issuer or (self.ca / "ca.pem", self.ca / "ca-key.pem")
        run(["openssl", "ca", "-batch", "-notext", "-config", config, "-cert", ca_cert, "-keyfile", ca_key, "-in", request,
             "-out", cert, "-startdate", days[0], "-enddate", days[1], "-extfile", extensions])
        os.chmod(key_file, 0o600)
        return cert, key_file
