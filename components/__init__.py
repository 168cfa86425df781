"""What a platform declares: pure manifests, and a thin Pulumi skin over them.

Each component works by itself in another Pulumi program:

    gateway = Gateway(hostname="maas.example.com", certificate="maas-tls")
    model = Model(name="granite", uri="hf://ibm-granite/granite-3.3-8b-instruct")
    release = versions.table().release("3.4")

    maas = MaasGateway("maas", gateway, [model.namespace])
    service = LLMInferenceService("granite", model, release)
    after = ResourceOptions(depends_on=[*maas.closed, service])
    ModelRoute("granite", model, gateway, release, opts=after)
"""
