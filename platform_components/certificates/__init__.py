"""Certificates: cert-manager, its issuers, and the platform's own certificate authority."""
