"""Google Cloud Run: revisions of a service, tagged by their slots, with shares of its traffic."""
