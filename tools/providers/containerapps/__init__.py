"""Azure Container Apps: revisions of an app, labelled by their slots, with weights of its traffic."""
