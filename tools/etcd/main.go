// Command etcd serves one node on unix sockets and keeps its data in one folder.
//
// A local control plane is thrown away, so it need not wait for fsync and starts seconds sooner.
// The sockets lie in a folder that only its owner may enter: an etcd on a TCP port would hand
// every Secret to every user of the machine, past the API server's authentication.
package main

import (
	"flag"
	"log"
	"net/url"
	"os"
	"os/signal"
	"syscall"

	"go.etcd.io/etcd/server/v3/embed"
)

func main() {
	dir := flag.String("data-dir", "data", "folder of the data")
	// etcd insists on host:port; the whole of it is the socket's file name.
	client := flag.String("client-socket", "etcd.sock:0", "socket to serve, in the working directory")
	peer := flag.String("peer-socket", "peer.sock:0", "socket for peers, of which there are none")
	flag.Parse()
	if err := serve(*dir, unix(*client), unix(*peer)); err != nil {
		log.Fatal(err)
	}
}

func unix(socket string) []url.URL {
	return []url.URL{{Scheme: "unix", Host: socket}}
}

func serve(dir string, client, peer []url.URL) error {
	config := embed.NewConfig()
	config.Name = "local"
	config.Dir = dir
	config.LogLevel = "error" // a warning can quote a request
	config.UnsafeNoFsync = true
	config.AutoCompactionRetention = "5m"
	config.ListenClientUrls, config.AdvertiseClientUrls = client, client
	config.ListenPeerUrls, config.AdvertisePeerUrls = peer, peer
	config.InitialCluster = config.InitialClusterFromName(config.Name)
	server, err := embed.StartEtcd(config)
	if err != nil {
		return err
	}
	defer server.Close()
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, os.Interrupt, syscall.SIGTERM)
	select {
	case <-stop:
		return nil
	case err := <-server.Err():
		return err
	}
}
