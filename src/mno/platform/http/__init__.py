"""HTTP, once for every feature: errors, authentication, security headers, the web pages."""
