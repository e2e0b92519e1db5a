"""AWS calls: each one that is ever made; there is no word for anything else."""

from __future__ import annotations

from enum import StrEnum

LOOKING = ("describe_", "list_", "get_", "head_")


class Call(StrEnum):
    """A service and one of its operations, as botocore calls both."""

    SERVICES = "ecs.describe_services"
    CREATE_SERVICE = "ecs.create_service"
    UPDATE_SERVICE = "ecs.update_service"
    DELETE_SERVICE = "ecs.delete_service"
    TASKS = "ecs.list_tasks"
    DESCRIBE_TASKS = "ecs.describe_tasks"
    DEFINITIONS = "ecs.list_task_definitions"
    DEFINITION = "ecs.describe_task_definition"
    REGISTER = "ecs.register_task_definition"
    RULES = "elbv2.describe_rules"
    MODIFY_RULE = "elbv2.modify_rule"
    HEALTH = "elbv2.describe_target_health"
    IMAGES = "ecr.describe_images"
    REGISTRY_LOGIN = "ecr.get_authorization_token"
    EVENTS = "logs.get_log_events"
    STREAMS = "logs.describe_log_streams"
    FUNCTION_CONFIGURATION = "lambda.get_function_configuration"
    FUNCTION_VERSIONS = "lambda.list_versions_by_function"
    UPDATE_CODE = "lambda.update_function_code"
    PUBLISH = "lambda.publish_version"
    ALIAS = "lambda.get_alias"
    CREATE_ALIAS = "lambda.create_alias"
    UPDATE_ALIAS = "lambda.update_alias"
    DELETE_ALIAS = "lambda.delete_alias"
    HEAD = "s3.head_object"
    OBJECTS = "s3.list_objects_v2"
    OBJECT = "s3.get_object"
    PUT = "s3.put_object"
    DISTRIBUTION = "cloudfront.get_distribution"
    UPDATE_DISTRIBUTION = "cloudfront.update_distribution"
    INVALIDATE = "cloudfront.create_invalidation"
    INVALIDATION = "cloudfront.get_invalidation"
    METRICS = "cloudwatch.get_metric_data"

    @property
    def service(self) -> str:
        return self.partition(".")[0]

    @property
    def operation(self) -> str:
        return self.partition(".")[2]

    @property
    def changes(self) -> bool:
        """Whether it changes something, and so is not asked again without looking."""
        return not self.operation.startswith(LOOKING)

    @property
    def action(self) -> str:
        """How a policy calls what must be allowed: ecs:UpdateService."""
        if self in PERMISSIONS:
            return PERMISSIONS[self]
        name = "".join(word.capitalize() for word in self.operation.split("_"))
        return f"{SERVICES.get(self.service, self.service)}:{name}"


SERVICES = {"elbv2": "elasticloadbalancing"}
PERMISSIONS = {Call.OBJECTS: "s3:ListBucket", Call.HEAD: "s3:GetObject"}
"""What policies call otherwise than the service does."""
