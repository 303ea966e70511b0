"""Evidence packages: a case folder as one BagIt bag that somebody else can check, with or without this program."""

from forensics.packaging.bag import write_package
from forensics.packaging.checking import PackageCheck, verify_package

__all__ = ["PackageCheck", "verify_package", "write_package"]
