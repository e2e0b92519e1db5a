"""The cloudfront provider: releases of a static site in a bucket, and the one that a distribution shows."""
