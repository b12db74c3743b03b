package cloud

import (
	"context"
	"net/url"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"gocloud.dev/blob"
)

// AbortUploads gives up those uploads in several pieces that were begun under a
// name that begins with prefix and for which isLeft is true. S3 keeps and bills
// the pieces of an upload that is neither finished nor given up, as after a
// program was killed. Google Cloud Storage forgets them by itself and bills
// nothing: there it does nothing.
func AbortUploads(ctx context.Context, b *blob.Bucket, l Location, prefix string, isLeft func(key string) bool) error {
	var client *s3.Client
	if !b.As(&client) {
		return nil
	}
	u, err := url.Parse(l.Bucket)
	if err != nil {
		return err
	}
	pages := s3.NewListMultipartUploadsPaginator(client, &s3.ListMultipartUploadsInput{Bucket: &u.Host, Prefix: &prefix})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if KindOf(err) == Missing { // as some stores say where there are none
			return nil
		}
		if err != nil {
			return err
		}
		for _, upload := range page.Uploads {
			if upload.Key == nil || !isLeft(*upload.Key) {
				continue
			}
			_, err := client.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: &u.Host, Key: upload.Key, UploadId: upload.UploadId})
			if err != nil && KindOf(err) != Missing {
				return err
			}
		}
	}
	return nil
}
