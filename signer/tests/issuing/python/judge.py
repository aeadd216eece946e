"""Judges certificate requests and certificates with pyca's cryptography and with pkilint.

Reads one JSON object from each line of standard input and answers each with one line, in order:

    {"request": PEM?, "certificate": {"leaf": PEM, "chain": PEM, "root": PEM}?, "lint": bool}
    {"request": {...}?, "certificate": {...}?}

What cannot be read or verified is answered with a text that says why.
"""

import base64
import datetime
import json
import sys

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import verification
from pkilint import loader
from pkilint.pkix import certificate, extension, name
from pkilint.validation import ValidationFindingSeverity

# The validators of `lint_pkix_cert`.
LINTER = certificate.create_pkix_certificate_validator_container(
    certificate.create_decoding_validators(
        name.ATTRIBUTE_TYPE_MAPPINGS, extension.EXTENSION_MAPPINGS
    ),
    [
        certificate.create_issuer_validator_container([]),
        certificate.create_validity_validator_container(),
        certificate.create_subject_validator_container([]),
        certificate.create_extensions_validator_container([]),
        certificate.create_spki_validator_container([]),
    ],
)


def elements(der):
    """The elements that stand one after the other in DER, each with its tag and length."""
    while der:
        header, length = 2, der[1]
        if length >= 0x80:
            header += length - 0x80
            length = int.from_bytes(der[2:header], "big")
        yield der[: header + length], der[header : header + length]
        der = der[header + length :]


def spki(signed, index, key):
    """The SubjectPublicKeyInfo, just as it is encoded at that place of what is signed."""
    (_, fields), = elements(signed)
    encoded = list(elements(fields))[index][0]
    if encoded != key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo):
        raise ValueError("the public key reads differently from how it is encoded")
    return base64.b64encode(encoded).decode()


def names(extensions):
    """The subject alternative names, each once: kind, name and, for host names, in lower case."""
    try:
        found = extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    texts = {}
    for each in found:
        if isinstance(each, x509.DNSName):
            texts["dns:" + each.value.lower()] = None
        elif isinstance(each, x509.UniformResourceIdentifier):
            texts["uri:" + each.value] = None
        elif isinstance(each, x509.IPAddress):
            texts["ip:" + str(each.value)] = None
        else:
            texts["other:" + repr(each)] = None
    return list(texts)


USAGES = {
    x509.ExtendedKeyUsageOID.CLIENT_AUTH: "client",
    x509.ExtendedKeyUsageOID.SERVER_AUTH: "server",
}


def usages(extensions):
    """The extended key usages, sorted."""
    try:
        found = extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return []
    return sorted({USAGES.get(each, each.dotted_string) for each in found})


def attempt(function, *arguments):
    """What the function returns, or what it says went wrong."""
    try:
        return function(*arguments)
    except Exception as error:  # Any refusal counts, also one that its library did not mean to give.
        return f"{type(error).__name__}: {error}"


def judge_request(pem):
    request = x509.load_pem_x509_csr(pem.encode())
    if not request.is_signature_valid:
        raise ValueError("the signature does not match")
    return {
        "spki": spki(request.tbs_certrequest_bytes, 2, request.public_key()),
        "names": names(request.extensions),
        "usages": usages(request.extensions),
        "subject": attempt(lambda: [request.subject.rfc4514_string()]),
    }


def verify(leaf, chain, root, subject):
    """Verifies as the certificate of a server of that name, or of a client if there is none."""
    builder = verification.PolicyBuilder().store(verification.Store([root]))
    builder = builder.time(datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None))
    if subject is None:
        builder.build_client_verifier().verify(leaf, chain)
    else:
        builder.build_server_verifier(subject).verify(leaf, chain)
    return "ok"


def server_name(leaf):
    for each in leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value:
        if isinstance(each, x509.DNSName):
            return verification.DNSName(each.value)
        if isinstance(each, x509.IPAddress):
            return verification.IPAddress(each.value)
    raise ValueError("there is no name that a server could have")


def lint(leaf):
    """Findings from warnings upwards."""
    document = loader.RFC5280CertificateDocumentLoader().load_der_document(
        leaf.public_bytes(Encoding.DER)
    )
    return sorted(
        f"{finding.finding.severity.name} {finding.finding.code}"
        for result in LINTER.validate(document.root)
        for finding in result.finding_descriptions
        if finding.finding.severity <= ValidationFindingSeverity.WARNING
    )


def lint_pem(pem):
    return lint(x509.load_pem_x509_certificate(pem.encode()))


def judge_certificate(pems):
    leaf = x509.load_pem_x509_certificate(pems["leaf"].encode())
    chain = x509.load_pem_x509_certificates(pems["chain"].encode())
    root = x509.load_pem_x509_certificate(pems["root"].encode())
    return {
        "spki": spki(leaf.tbs_certificate_bytes, 6, leaf.public_key()),
        "names": names(leaf.extensions),
        "usages": usages(leaf.extensions),
        "client": attempt(verify, leaf, chain, root, None),
        "server": attempt(lambda: verify(leaf, chain, root, server_name(leaf))),
    }


def main():
    for line in sys.stdin:
        asked = json.loads(line)
        answer = {}
        if asked.get("request") is not None:
            answer["request"] = attempt(judge_request, asked["request"])
        if asked.get("certificate") is not None:
            answer["certificate"] = attempt(judge_certificate, asked["certificate"])
        if asked.get("lint"):
            answer["lint"] = attempt(lint_pem, asked["certificate"]["leaf"])
        print(json.dumps(answer))


main()
