// Package main is etcd as its own release builds it, in the versions that this folder's go.mod locks.
package main

import (
	"os"

	"go.etcd.io/etcd/server/v3/etcdmain"
)

func main() {
	etcdmain.Main(os.Args)
}
