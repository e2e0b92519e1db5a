"""Local processes as a place to deploy to: releases are folders, instances are supervised processes."""
