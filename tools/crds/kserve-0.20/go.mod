module modelgate/tools/crds/kserve-0.20

go 1.26.4

require (
	github.com/kserve/kserve v0.20.0
	github.com/kuadrant/authorino v0.27.0
	github.com/kuadrant/authorino-operator v0.21.0
	github.com/kuadrant/kuadrant-operator v1.5.2
	github.com/kuadrant/limitador-operator v0.15.0
	istio.io/api v1.31.1
	sigs.k8s.io/gateway-api v1.5.1
)
