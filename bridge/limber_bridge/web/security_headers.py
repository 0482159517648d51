"""Headers that tell a browser what a page may do."""

from collections.abc import Mapping
from typing import Final

CONTENT_SECURITY_POLICY: Final = (
    "default-src 'self'; base-uri 'none'; form-action 'self'; object-src 'none'; "
    "frame-ancestors {ancestors}"
)
"""Nothing from elsewhere, and no script or style inside a page. Only Home Assistant, whose page has
the same origin as ours behind it, may show a page inside its own."""


def security_headers(*, framed: bool) -> Mapping[str, str]:
    """Return the headers of every response; `framed`: Home Assistant shows it inside its page."""
    ancestors = "'self'" if framed else "'none'"
    return {
        "Content-Security-Policy": CONTENT_SECURITY_POLICY.format(ancestors=ancestors),
        "X-Content-Type-Options": "nosniff",
        # Not `no-referrer`, with which browsers send the Origin of a form as `null`.
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
    }
