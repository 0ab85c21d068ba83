// Upload is a program by the client that oapi-codegen generates from docs/openapi.json: it stores a text and prints its id.
package main

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"os"
	"strings"
	"time"

	"example.com/upload/postern"
)

// main takes the API's URL, a user name, a password, a file name and a content.
func main() {
	id, err := upload(context.Background(), os.Args[1], os.Args[2], os.Args[3], os.Args[4], os.Args[5])
	if err != nil {
		log.Fatal(err)
	}
	fmt.Print(id)
}

// upload stores a text and returns its id when it can be downloaded.
func upload(ctx context.Context, api, user, password, filename, content string) (string, error) {
	signIn := postern.WithRequestEditorFn(func(_ context.Context, r *http.Request) error {
		r.SetBasicAuth(user, password)
		return nil
	})
	client, err := postern.NewClientWithResponses(api, signIn)
	if err != nil {
		return "", err
	}
	var request postern.CreateUploadJSONRequestBody
	if err := request.FromUploadRequest(postern.UploadRequest{Filename: filename, Size: int64(len(content))}); err != nil {
		return "", err
	}
	granted, err := client.CreateUploadWithResponse(ctx, nil, request)
	if err != nil {
		return "", err
	}
	if granted.JSON201 == nil {
		return "", fmt.Errorf("granting: %s", granted.Body)
	}
	one, err := granted.JSON201.AsUploadGrant()
	if err != nil {
		return "", err
	}
	grant, err := one.AsUploadGrantPut()
	if err != nil {
		return "", err
	}
	if err := put(ctx, grant, content); err != nil {
		return "", err
	}
	for {
		found, err := client.GetUploadWithResponse(ctx, grant.Id, nil)
		if err != nil {
			return "", err
		}
		if found.JSON200 != nil && found.JSON200.Status == postern.UploadStatusReady {
			return found.JSON200.Id, nil
		}
		if found.JSON200 == nil || found.JSON200.Status == postern.UploadStatusRejected {
			return "", fmt.Errorf("reading: %s", found.Body)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

func put(ctx context.Context, grant postern.UploadGrantPut, content string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPut, grant.Url, strings.NewReader(content))
	if err != nil {
		return err
	}
	for name, value := range grant.Headers {
		request.Header.Set(name, value)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("storing: %s", response.Status)
	}
	return nil
}
