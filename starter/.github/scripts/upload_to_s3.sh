#!/bin/sh
# Copies what runs in the deployed environment to its S3 bucket: requirements, plugins and dbt first, DAGs last, so that no DAG
# arrives before what it needs. A file that is gone here is deleted there, but only below plugins/, dbt/ and dags/.
#   S3_BUCKET=my-bucket [S3_PREFIX=team] .github/scripts/upload_to_s3.sh [--dry-run]
# Credentials and region come from the environment, as for any aws command. Exit codes: 2 something is missing, 1 a copy failed.
set -eu

die() {
    printf 'upload_to_s3.sh: %s\n' "$2" >&2
    exit "$1"
}

copy() {
    aws s3 "$@" --no-progress ${dry_run:+--dryrun} || die 1 "the copy to $target failed: see what aws says above"
}

# sync_folder FOLDER [OPTION...]: makes TARGET/FOLDER the same, without what Python made and what may hold a secret. Another
# repository may own a folder that is not here, so that one stays as it is.
sync_folder() {
    folder=$1
    shift
    if [ ! -d "$folder" ]; then
        printf 'there is no %s here; what lies in %s stays as it is\n' "$folder" "$target/$folder"
        return
    fi
    copy sync "$folder" "$target/$folder" --delete --exclude '*__pycache__/*' --exclude '*.pyc' \
        --exclude '*.env' --exclude '.env.*' --exclude '*/.env.*' "$@"
}

dry_run=
case $# in
    0) ;;
    *) if [ "$*" = --dry-run ]; then dry_run=yes; else die 2 "unknown words '$*'; there is only --dry-run"; fi ;;
esac

cd "$(dirname -- "$0")/../.."
[ -n "${S3_BUCKET:-}" ] || die 2 "S3_BUCKET is not set: it names the environment's bucket, my-bucket"
case $S3_BUCKET in
    */* | *:*) die 2 "S3_BUCKET is '$S3_BUCKET', but a bucket's name holds no : and no /; a folder in it is S3_PREFIX" ;;
esac
prefix=${S3_PREFIX:-}
prefix=${prefix#/}
prefix=${prefix%/}
target=s3://$S3_BUCKET${prefix:+/$prefix}
command -v aws >/dev/null 2>&1 || die 2 "there is no aws here: install the AWS CLI"
# A checkout that went wrong must not empty the environment.
[ -n "$(find dags -name '*.py' -type f 2>/dev/null | head -n 1)" ] ||
    die 2 "dags/ holds no Python file, so nothing was copied: uploading it would delete every DAG in $target/dags"

if [ -f requirements.txt ]; then
    copy cp requirements.txt "$target/requirements.txt"
fi
sync_folder plugins
sync_folder dbt --exclude 'target/*' --exclude 'logs/*'  # what dbt made
sync_folder dags
printf 'copied to %s\n' "$target"
