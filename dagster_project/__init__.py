"""Caseload: monthly extracts of children's social care in, checked and explained marts out."""

__version__ = "0.1.0"
