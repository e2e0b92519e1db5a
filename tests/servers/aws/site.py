"""An account with what a team has made in it before anything is deployed."""

from __future__ import annotations

import base64
import hashlib
import io
import itertools
import json
import zipfile
from contextlib import suppress
from typing import Any  # botocore's clients have no types

from orchestrate.models.aws import Aws, CloudFront, Ecs, Functions, TargetGroups
from orchestrate.models.change import Version
from tests.servers.answering import Reply
from tests.servers.aws.cluster import ACCOUNT, REGION, Cluster
from tests.servers.aws.edge import Edge
from tests.servers.aws.front import Front
from tools.systems.aws import loader

KEYS = {"AWS_KEY": "AKIAEXAMPLE", "AWS_SECRET": "wJalrXUtnFEMI/EXAMPLEKEY"}
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
REGISTRY = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com"
Told = dict[str, str]
FAILED: dict[str, Told] = {
    "crash": {"State": "Failed", "StateReason": "crash loop: ended with 3"},
    "spent": {
        "State": "Failed",
        "StateReason": "The function could not get an address in its network",
        "StateReasonCode": "EniLimitExceeded",
    },
}
"""What Lambda says of a version that cannot be called."""


class Site:
    """The account, its front and its scheduler; each test asks for services of its own."""

    def __init__(self) -> None:
        self.front = Front()
        self.front.open()
        self._clients: dict[str, Any] = {}
        self.failing: dict[str, Told] = {}  # the code of functions that are never to be called → why
        self.groups: dict[str, str] = {}  # function → its own log group; moto forgets it
        self._tell_more()
        self.does: dict[str, str] = {}  # digest → how its tasks do
        self._numbers = itertools.count(1)
        self._network = self._made_network()
        self.cluster = Cluster(self.does)
        self.edge = Edge()

    def close(self) -> None:
        self._undo()
        self.edge.close()
        self.cluster.close()
        self.front.close()

    @property
    def aws(self) -> Aws:
        return Aws(region=REGION, access_key="AWS_KEY", secret_key="AWS_SECRET", endpoint=self.front.url)

    def client(self, service: str) -> Any:
        if service not in self._clients:
            self._clients[service] = self._client(service)
        return self._clients[service]

    def _client(self, service: str) -> Any:
        from botocore.session import Session  # pyright: ignore

        session: Any = Session()
        session.register_component("data_loader", loader())
        return session.create_client(
            service,
            region_name=REGION,
            endpoint_url=self.front.url,
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )

    def publish(self, repository: str, version: Version, does: str = "serve") -> str:
        """Push the version's image, whose tasks behave as said; its digest."""
        about = {"annotations": {"tree": version.tree}}  # what is the same twice is one image with two tags
        manifest = json.dumps({"schemaVersion": 2, "mediaType": MANIFEST, "layers": [], **about})
        digest = f"sha256:{hashlib.sha256(f'{repository} {version.tree}'.encode()).hexdigest()}"
        ecr = self.client("ecr")
        with suppress(ecr.exceptions.ImageAlreadyExistsException):
            ecr.put_image(
                repositoryName=repository, imageManifest=manifest, imageTag=version.commit, imageDigest=digest
            )
        self.does[digest] = does
        return digest

    def ecs(self) -> Ecs:
        """A cluster, a template, a rule and two target groups that nobody else uses."""
        name = f"shop-{next(self._numbers)}"
        ecs, subnets, group = self.client("ecs"), *self._network
        ecs.create_cluster(clusterName=name)
        self.client("ecr").create_repository(repositoryName=name)
        ecs.register_task_definition(
            family=name,
            networkMode="awsvpc",
            requiresCompatibilities=["FARGATE"],
            cpu="256",
            memory="512",
            containerDefinitions=[
                {"name": "web", "image": "shop:template", "environment": [{"name": "KEPT", "value": "yes"}]}
            ],
        )
        groups, rule = self._balancer(name, subnets)
        return Ecs(
            aws=self.aws,
            image=f"{REGISTRY}/{name}:{{commit}}",
            cluster=name,
            template=name,
            service=name,
            rule=rule,
            target_groups=TargetGroups(blue=groups[0], green=groups[1]),
            port=8000,
            subnets=tuple(subnets),
            security_groups=(group,),
            pause=0,
        )

    def untag(self, own: Ecs, slot: str) -> None:
        """A slot's service runs a task definition that nobody says a version of."""
        self.client("ecs").update_service(
            cluster=own.cluster, service=f"{own.service}-{slot}", taskDefinition=own.template
        )

    def upload(self, own: Functions, version: Version, does: str = "serve") -> str:
        """Put the version's archive where the settings say; its SHA-256 in base64."""
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr(
                zipfile.ZipInfo("web.py"), f"# {does}\ndef handler(*_):\n    return {version.tree!r}\n"
            )
        key = own.key.replace("{commit}", version.commit)
        sha = base64.b64encode(hashlib.sha256(file.getvalue()).digest()).decode()
        self.client("s3").put_object(
            Bucket=own.bucket, Key=key, Body=file.getvalue(), ChecksumAlgorithm="SHA256", ChecksumSHA256=sha
        )
        self.failing |= {sha: FAILED[does]} if does in FAILED else {}
        return sha

    def functions(self) -> Functions:
        """A function, and a bucket for its archives, that nobody else uses."""
        name = f"shop-{next(self._numbers)}"
        self.client("s3").create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
        self.client("s3").put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
        own = Functions(aws=self.aws, function=name, bucket=name, key="releases/{commit}.zip")
        first = Version(commit="0" * 40, tree="0" * 40, name="template")
        self.upload(own, first)
        self.client("lambda").create_function(
            FunctionName=name,
            Runtime="python3.11",
            Handler="web.handler",
            Role=self._role(),
            Code={"S3Bucket": name, "S3Key": f"releases/{first.commit}.zip"},
        )
        return own

    def unname(self, own: Functions, slot: str) -> None:
        """The alias of a slot does not say any more which version it is."""
        named = {"FunctionName": own.function, "Name": f"{own.alias}-{slot}"}
        self.client("lambda").update_alias(**named, Description="v1, I think")

    def cloudfront(self) -> CloudFront:
        """A bucket, and a distribution of it, that nobody else uses; nothing is shown yet."""
        name = f"shop-{next(self._numbers)}"
        s3 = self.client("s3")
        s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
        config = {
            "CallerReference": name,
            "Comment": "kept",
            "Enabled": True,
            "DefaultRootObject": "index.html",
            "Origins": {"Quantity": 1, "Items": [_origin(name)]},
            "DefaultCacheBehavior": {
                "TargetOriginId": "site",
                "ViewerProtocolPolicy": "redirect-to-https",
                "CachePolicyId": "658327ea-f89d-4fab-a63d-7e88639e58f6",
            },
        }
        made = self.client("cloudfront").create_distribution(DistributionConfig=config)["Distribution"]["Id"]

        def read(key: str) -> Reply:
            try:
                told = s3.get_object(Bucket=name, Key=key)
            except s3.exceptions.NoSuchKey:
                return Reply(403, "<Error><Code>AccessDenied</Code></Error>", "application/xml")
            return Reply(200, told["Body"].read().decode(), told["ContentType"])

        url = self.edge.open(made, read)
        return CloudFront(aws=self.aws, bucket=name, distribution=made, url=url)

    def _role(self) -> str:
        iam = self.client("iam")
        with suppress(iam.exceptions.EntityAlreadyExistsException):
            iam.create_role(RoleName="web", AssumeRolePolicyDocument="{}")
        return f"arn:aws:iam::{ACCOUNT}:role/web"

    def _tell_more(self) -> None:
        """Functions with some code are never to be called, and some have a log group of their own."""
        from moto.awslambda import models  # pyright: ignore

        made: Any = models.LambdaFunction
        told: Any = made.get_configuration

        def configuration(function: Any, on_create: bool = False) -> Any:
            found = told(function, on_create)
            words = self.failing.get(function.code_sha_256, {}) if function.version != "$LATEST" else {}
            group = self.groups.get(function.function_name)
            logging = {"LoggingConfig": {"LogFormat": "Text", "LogGroup": group}} if group else {}
            return found | logging | words

        made.get_configuration = configuration
        self._undo = lambda: setattr(made, "get_configuration", told)

    def _balancer(self, name: str, subnets: list[str]) -> tuple[list[str], str]:
        elb = self.client("elbv2")
        balancer = elb.create_load_balancer(Name=name, Subnets=subnets)["LoadBalancers"][0]["LoadBalancerArn"]
        groups = [
            elb.create_target_group(
                Name=f"{name}-{slot}", Protocol="HTTP", Port=8000, VpcId=self._vpc, TargetType="ip"
            )["TargetGroups"][0]["TargetGroupArn"]
            for slot in ("blue", "green")
        ]
        other = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}
        listener = elb.create_listener(
            LoadBalancerArn=balancer, Protocol="HTTP", Port=80, DefaultActions=[other]
        )["Listeners"][0]["ListenerArn"]
        forward = [{"TargetGroupArn": groups[0], "Weight": 1}, {"TargetGroupArn": groups[1], "Weight": 0}]
        rule = elb.create_rule(
            ListenerArn=listener,
            Priority=1,
            Conditions=[{"Field": "path-pattern", "Values": ["/*"]}],
            Actions=[{"Type": "forward", "Order": 1, "ForwardConfig": {"TargetGroups": forward}}],
        )["Rules"][0]["RuleArn"]
        return groups, rule

    def _made_network(self) -> tuple[list[str], str]:
        ec2 = self.client("ec2")
        self._vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        ec2.modify_vpc_attribute(VpcId=self._vpc, EnableDnsHostnames={"Value": True})
        subnets = [
            ec2.create_subnet(
                VpcId=self._vpc, CidrBlock=f"10.0.{number}.0/24", AvailabilityZone=f"{REGION}{zone}"
            )["Subnet"]["SubnetId"]
            for number, zone in enumerate("ab")
        ]
        group = ec2.create_security_group(GroupName="shop", Description="shop", VpcId=self._vpc)["GroupId"]
        return subnets, str(group)


def _origin(bucket: str) -> dict[str, Any]:
    """A bucket as distributions read it."""
    return {
        "Id": "site",
        "DomainName": f"{bucket}.s3.{REGION}.amazonaws.com",
        "OriginPath": "",
        "S3OriginConfig": {"OriginAccessIdentity": ""},
        "CustomHeaders": {"Quantity": 0},
    }
