//go:debug x509negativeserial=1

// Vault's own core, HTTP API and the engines that the platform uses, as a development server: unsealed, in memory, on loopback.
// The whole command would bring every cloud's storage and login along; it answers the same arguments and environment variables.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/hashicorp/go-hclog"
	authJWT "github.com/hashicorp/vault-plugin-auth-jwt"
	authKubernetes "github.com/hashicorp/vault-plugin-auth-kubernetes"
	secretsKV "github.com/hashicorp/vault-plugin-secrets-kv"
	"github.com/hashicorp/vault/audit"
	auditFile "github.com/hashicorp/vault/builtin/audit/file"
	"github.com/hashicorp/vault/builtin/logical/database"
	"github.com/hashicorp/vault/builtin/logical/pki"
	"github.com/hashicorp/vault/builtin/logical/transit"
	"github.com/hashicorp/vault/command/server"
	"github.com/hashicorp/vault/helper/namespace"
	vaulthttp "github.com/hashicorp/vault/http"
	"github.com/hashicorp/vault/internalshared/configutil"
	"github.com/hashicorp/vault/plugins/database/mysql"
	"github.com/hashicorp/vault/plugins/database/postgresql"
	"github.com/hashicorp/vault/sdk/helper/consts"
	"github.com/hashicorp/vault/sdk/logical"
	"github.com/hashicorp/vault/sdk/physical/inmem"
	"github.com/hashicorp/vault/vault"
	"github.com/hashicorp/vault/version"
)

// databases are the plugins of the database engine, by the names that connections give.
var databases = map[string]func() (interface{}, error){
	"mysql-database-plugin":        mysql.New(mysql.DefaultUserNameTemplate),
	"mysql-aurora-database-plugin": mysql.New(mysql.DefaultLegacyUserNameTemplate),
	"mysql-rds-database-plugin":    mysql.New(mysql.DefaultLegacyUserNameTemplate),
	"postgresql-database-plugin":   postgresql.New,
}

type registry struct{}

func (registry) Contains(name string, kind consts.PluginType) bool {
	_, found := registry{}.Get(name, kind)
	return found
}

func (registry) Get(name string, kind consts.PluginType) (func() (interface{}, error), bool) {
	if kind != consts.PluginTypeDatabase {
		return nil, false
	}
	made, found := databases[name]
	return made, found
}

func (registry) Keys(kind consts.PluginType) []string {
	names := []string{}
	if kind == consts.PluginTypeDatabase {
		for name := range databases {
			names = append(names, name)
		}
	}
	return names
}

func (registry) DeprecationStatus(name string, kind consts.PluginType) (consts.DeprecationStatus, bool) {
	return consts.Supported, registry{}.Contains(name, kind)
}

func main() {
	if len(os.Args) > 1 && (os.Args[1] == "version" || os.Args[1] == "-version" || os.Args[1] == "--version") {
		fmt.Println(version.GetVersion().FullVersionNumber(true))
		return
	}
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "Error:", err)
		os.Exit(1)
	}
}

func run(arguments []string) error {
	if len(arguments) == 0 || arguments[0] != "server" {
		return errors.New("usage: vault version | vault server -dev")
	}
	flags := flag.NewFlagSet("server", flag.ContinueOnError)
	dev := flags.Bool("dev", false, "unsealed and in memory; the only way this build runs")
	flags.Bool("dev-no-store-token", true, "the token is stored nowhere, with or without this")
	address := flags.String("dev-listen-address", first(os.Getenv("VAULT_DEV_LISTEN_ADDRESS"), "127.0.0.1:8200"), "where to listen")
	level := flags.String("log-level", "warn", "trace, debug, info, warn or error")
	if err := flags.Parse(arguments[1:]); err != nil {
		return err
	}
	if !*dev || flags.NArg() > 0 {
		return errors.New("this build is a development server: vault server -dev")
	}
	token := os.Getenv("VAULT_DEV_ROOT_TOKEN_ID")
	if token == "" {
		return errors.New("VAULT_DEV_ROOT_TOKEN_ID is not set")
	}
	return serve(*address, token, hclog.New(&hclog.LoggerOptions{Name: "vault", Level: hclog.LevelFromString(*level), Output: os.Stderr}))
}

func serve(address, token string, logger hclog.Logger) error {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	core, err := start(token, "http://"+listener.Addr().String(), logger)
	if err != nil {
		return err
	}
	handler := vaulthttp.Handler.Handler(&vault.HandlerProperties{Core: core, ListenerConfig: &configutil.Listener{}})
	served := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-ended
		_ = served.Close()
	}()
	if err := served.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return core.Shutdown()
}

func start(token, address string, logger hclog.Logger) (*vault.Core, error) {
	storage, err := inmem.NewInmem(nil, logger)
	if err != nil {
		return nil, err
	}
	config, err := server.DevConfig("inmem")
	if err != nil {
		return nil, err
	}
	core, err := vault.NewCore(&vault.CoreConfig{
		RawConfig:          config,
		Physical:           storage,
		RedirectAddr:       address,
		StorageType:        "inmem",
		DisableMlock:       true,
		Logger:             logger,
		BuiltinRegistry:    registry{},
		AuditBackends:      map[string]audit.Factory{"file": auditFile.Factory},
		CredentialBackends: map[string]logical.Factory{"kubernetes": authKubernetes.Factory, "jwt": authJWT.Factory, "oidc": authJWT.Factory},
		LogicalBackends: map[string]logical.Factory{
			"kv": secretsKV.Factory, "database": database.Factory, "pki": pki.Factory, "transit": transit.Factory,
		},
	})
	if err != nil {
		return nil, err
	}
	ctx := namespace.RootContext(context.Background())
	made, err := core.Initialize(ctx, &vault.InitParams{BarrierConfig: &vault.SealConfig{SecretShares: 1, SecretThreshold: 1}})
	if err != nil {
		return nil, err
	}
	if _, err := core.Unseal(made.SecretShares[0]); err != nil {
		return nil, err
	}
	if err := exchange(ctx, core, made.RootToken, token); err != nil {
		return nil, err
	}
	return core, nil
}

// exchange makes the token that was asked for a root token, and revokes the first one.
func exchange(ctx context.Context, core *vault.Core, born, token string) error {
	asked := map[string]interface{}{"id": token, "policies": []string{"root"}, "no_parent": true, "no_default_policy": true}
	for _, request := range []*logical.Request{
		{ID: "dev-gen-root", Operation: logical.UpdateOperation, ClientToken: born, Path: "auth/token/create", Data: asked},
		{ID: "dev-revoke-init-root", Operation: logical.UpdateOperation, ClientToken: born, Path: "auth/token/revoke-self"},
	} {
		if _, err := core.HandleRequest(ctx, request); err != nil {
			return err
		}
	}
	return nil
}

func first(values ...string) string {
	for _, value := range values {
		if value != "" {
			return value
		}
	}
	return ""
}
