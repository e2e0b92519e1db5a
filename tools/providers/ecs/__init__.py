"""The ecs provider: versions as services of a cluster, behind a weighted rule of a load balancer."""
