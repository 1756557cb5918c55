package dev.weir.gateway.ledger;

import dev.weir.gateway.GatewayConfig.Results.Bucket;
import java.time.Duration;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProviderChain;
import software.amazon.awssdk.auth.credentials.ContainerCredentialsProvider;
import software.amazon.awssdk.auth.credentials.DefaultCredentialsProvider;
import software.amazon.awssdk.auth.credentials.EnvironmentVariableCredentialsProvider;
import software.amazon.awssdk.auth.credentials.ProfileCredentialsProvider;
import software.amazon.awssdk.auth.credentials.SystemPropertyCredentialsProvider;
import software.amazon.awssdk.core.checksums.RequestChecksumCalculation;
import software.amazon.awssdk.core.checksums.ResponseChecksumValidation;
import software.amazon.awssdk.core.exception.SdkClientException;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.regions.providers.AwsProfileRegionProvider;
import software.amazon.awssdk.regions.providers.AwsRegionProvider;
import software.amazon.awssdk.regions.providers.AwsRegionProviderChain;
import software.amazon.awssdk.regions.providers.DefaultAwsRegionProviderChain;
import software.amazon.awssdk.regions.providers.SystemSettingsRegionProvider;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.S3ClientBuilder;

/**
 * The client of a bucket, made by the first thread that needs it: where credentials and region come from may be a file
 * or another server. They come from where AWS's own tools look for them; with a server of one's own, the machine's
 * metadata are not asked.
 */
final class BucketClient {

    private static final Duration CALL = Duration.ofSeconds(20);
    private static final Duration ATTEMPT = Duration.ofSeconds(8);

    /** Nothing can be asked of the bucket. */
    static final class NoCredentialsException extends RuntimeException {

        private static final long serialVersionUID = 1L;

        NoCredentialsException() {
            super(
                    "there are no credentials; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a profile in ~/.aws",
                    null,
                    false,
                    false);
        }
    }

    private final Bucket bucket;
    private S3Client client;

    BucketClient(Bucket bucket) {
        this.bucket = bucket;
    }

    /**
     * Worker threads.
     *
     * @throws NoCredentialsException until there are some
     */
    synchronized S3Client get() {
        if (client == null) {
            client = made();
        }
        return client;
    }

    /** Worker threads. */
    synchronized void close() {
        if (client != null) {
            client.close();
        }
    }

    private S3Client made() {
        AwsCredentialsProvider credentials = credentials();
        try {
            credentials.resolveCredentials();
        } catch (SdkClientException none) {
            throw new NoCredentialsException();
        }
        S3ClientBuilder builder = S3Client.builder()
                .httpClientBuilder(UrlConnectionHttpClient.builder())
                .credentialsProvider(credentials)
                .region(region())
                // Without it a bucket of another region answers with a redirect that the client does not follow.
                .crossRegionAccessEnabled(bucket.endpoint().isEmpty())
                .overrideConfiguration(limits -> limits.apiCallTimeout(CALL).apiCallAttemptTimeout(ATTEMPT))
                // Other servers do not know the checksums that the client sends without being asked.
                .requestChecksumCalculation(RequestChecksumCalculation.WHEN_REQUIRED)
                .responseChecksumValidation(ResponseChecksumValidation.WHEN_REQUIRED);
        bucket.endpoint().ifPresent(server -> builder.endpointOverride(server)
                // A server of one's own has no host name for each bucket.
                .forcePathStyle(true));
        return builder.build();
    }

    private AwsCredentialsProvider credentials() {
        return bucket.endpoint().isEmpty()
                ? DefaultCredentialsProvider.builder().build()
                : AwsCredentialsProviderChain.of(
                        SystemPropertyCredentialsProvider.create(),
                        EnvironmentVariableCredentialsProvider.create(),
                        ProfileCredentialsProvider.create(),
                        ContainerCredentialsProvider.create());
    }

    private Region region() {
        AwsRegionProvider found = bucket.endpoint().isEmpty()
                ? DefaultAwsRegionProviderChain.builder().build()
                : new AwsRegionProviderChain(new SystemSettingsRegionProvider(), new AwsProfileRegionProvider());
        try {
            return found.getRegion();
        } catch (SdkClientException unknown) {
            return Region.US_EAST_1;
        }
    }
}
