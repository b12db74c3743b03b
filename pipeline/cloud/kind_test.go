package cloud

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What S3 answers is documented with its error codes: a bucket of another region
// with 301, an object in an archive with 403, a full store with 503.
func TestKindOfAnAnswerOfS3(t *testing.T) {
	for code, c := range map[string]struct {
		status int
		want   Kind
	}{
		"PermanentRedirect":  {301, Invalid},
		"InvalidObjectState": {403, Invalid},
		"AccessDenied":       {403, Denied},
		"ExpiredToken":       {400, Denied},
		"InvalidArgument":    {400, Invalid},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(c.status)
			_, _ = w.Write([]byte("<Error><Code>" + code + "</Code><Message>rows of Jane</Message></Error>"))
		}))
		t.Setenv("AWS_ENDPOINT_URL", server.URL)
		t.Setenv("AWS_REGION", "us-east-1")
		t.Setenv("AWS_ACCESS_KEY_ID", "test")
		t.Setenv("AWS_SECRET_ACCESS_KEY", "test")
		b, err := OpenBucket(t.Context(), "s3://shop?use_path_style=true")
		if err != nil {
			t.Fatal(err)
		}
		_, err = Object{Key: "a", Size: 1}.Read(t.Context(), b, 0, 1)
		if got := KindOf(err); got != c.want || !strings.HasSuffix(Reason(err), code) {
			t.Errorf("%s: got kind %d, reason %q; want kind %d and the code", code, got, Reason(err), c.want)
		}
		server.Close()
	}
}

// A token is refused with 400 (RFC 6749, 5.2), and no broken connection: it is not
// asked for again and again.
func TestCredentialsThatAreRefusedAreDenied(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for status, want := range map[int]Kind{400: Denied, 401: Denied, 503: Unavailable} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			_, _ = w.Write([]byte(`{"error":"invalid_grant","error_description":"no account jane@shop"}`))
		}))
		content, err := json.Marshal(map[string]string{
			"type": "service_account", "client_email": "job@shop.iam.gserviceaccount.com", "private_key_id": "1", "token_uri": server.URL,
			"private_key": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: encoded})),
		})
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(t.TempDir(), "credentials.json")
		if err := os.WriteFile(file, content, 0o600); err != nil {
			t.Fatal(err)
		}
		t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", file)
		b, err := OpenBucket(t.Context(), "gs://shop")
		if err != nil {
			t.Fatal(err)
		}
		_, err = Stat(t.Context(), b, "a")
		if got := KindOf(err); got != want || strings.Contains(Reason(err), "jane") || strings.Contains(Reason(err), "/b/shop") {
			t.Errorf("%d: got kind %d, reason %q; want kind %d, and no account and no object", status, got, Reason(err), want)
		}
		server.Close()
	}
}
