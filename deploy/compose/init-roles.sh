#!/usr/bin/env bash
#
# Run once by the Postgres image, when its data folder is made: the login roles of the service.

set -euo pipefail

read_secret() { cat "/run/secrets/$1"; }

psql -X -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" \
    -v migrate_password="$(read_secret migrate_password)" \
    -v api_password="$(read_secret api_password)" \
    -v worker_password="$(read_secret worker_password)" \
    -f /etc/user-import/roles.sql
