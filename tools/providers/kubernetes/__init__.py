"""The kubernetes provider: each slot a Deployment, the traffic a Service's selector."""
