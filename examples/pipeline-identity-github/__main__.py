"""Pipelines of one repository push images to one registry: from main in production, and from nowhere else."""

import pulumi

import platform_components as platform

registry = "arn:aws:ecr:eu-west-1:123456789012:repository/shop"
deploy = platform.PipelineIdentity(
    "deploy-shop",
    platform.PipelineIdentityArgs(
        github=platform.GitHubPipelines(
            repository="acme/shop",
            owner_id="1200",
            repository_id="84000",
            environments={"production": ["main"]},
        ),
        statements=[
            platform.Statement(sid="LogIn", actions=["ecr:GetAuthorizationToken"], resources=["*"]),
            platform.Statement(
                sid="PushImages",
                actions=[
                    "ecr:BatchCheckLayerAvailability",
                    "ecr:CompleteLayerUpload",
                    "ecr:InitiateLayerUpload",
                    "ecr:PutImage",
                    "ecr:UploadLayerPart",
                ],
                resources=[registry],
            ),
        ],
    ),
)

pulumi.export("role_arn", deploy.role_arn)
pulumi.export("provider_arn", deploy.provider_arn)
