// What an issuer in Go with the standard library takes for the heart of the work: read a certificate
// request, verify it, write a certificate, sign it. It checks no policy and does not read back what it
// signed. Run it with: go run issue.go ../../tests/fixtures/{p256_sha256,p384_sha384,rsa2048_sha256}.pem
package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"runtime"
	"syscall"
	"time"
)

const runs, times = 5, 1000

func main() {
	runtime.GOMAXPROCS(1)
	key := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	now := time.Now()
	ca := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{Organization: []string{"Example"}, CommonName: "Issuing CA"},
		NotBefore:             now,
		NotAfter:              now.Add(24 * time.Hour),
		KeyUsage:              x509.KeyUsageCertSign,
		BasicConstraintsValid: true,
		IsCA:                  true,
	}
	ca = must(x509.ParseCertificate(must(x509.CreateCertificate(rand.Reader, ca, ca, &key.PublicKey, key))))
	for _, path := range os.Args[1:] {
		request := must(os.ReadFile(path))
		best := time.Duration(1 << 62)
		for run := 0; run < runs; run++ {
			started := cpu()
			for i := 0; i < times; i++ {
				issue(request, ca, key)
			}
			best = min(best, (cpu()-started)/times)
		}
		fmt.Printf("%s: %v of CPU, %.0f per second\n", path, best, 1/best.Seconds())
	}
}

func issue(request []byte, ca *x509.Certificate, key *ecdsa.PrivateKey) []byte {
	block, _ := pem.Decode(request)
	csr := must(x509.ParseCertificateRequest(block.Bytes))
	if err := csr.CheckSignature(); err != nil {
		panic(err)
	}
	serial := must(rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 158)))
	leaf := &x509.Certificate{
		SerialNumber:          serial,
		Subject:               pkix.Name{CommonName: csr.Subject.CommonName},
		DNSNames:              csr.DNSNames,
		NotBefore:             ca.NotBefore,
		NotAfter:              ca.NotAfter,
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		BasicConstraintsValid: true,
	}
	der := must(x509.CreateCertificate(rand.Reader, leaf, ca, csr.PublicKey, key))
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

// The CPU time of the process, user and system, the garbage collector's included.
func cpu() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

func min(a, b time.Duration) time.Duration {
	if a < b {
		return a
	}
	return b
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}
