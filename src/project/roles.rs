//! The statements on `project_role` and `project_group`.

use std::collections::BTreeSet;

use deadpool_postgres::GenericClient;

use crate::pg;

/// Those of `names` that the project has as roles.
pub async fn known_roles(
    client: &impl GenericClient,
    project: i32,
    names: &BTreeSet<String>,
) -> Result<BTreeSet<String>, pg::Error> {
    let select = "SELECT name FROM project_role WHERE project = $1 AND name = ANY ($2)";
    known(client, select, project, names).await
}

/// Those of `names` that the project has as groups.
pub async fn known_groups(
    client: &impl GenericClient,
    project: i32,
    names: &BTreeSet<String>,
) -> Result<BTreeSet<String>, pg::Error> {
    let select = "SELECT name FROM project_group WHERE project = $1 AND name = ANY ($2)";
    known(client, select, project, names).await
}

/// Makes the roles that the project lacks.
pub async fn ensure_roles(
    client: &impl GenericClient,
    project: i32,
    names: &BTreeSet<String>,
) -> Result<(), pg::Error> {
    let insert = "INSERT INTO project_role (project, name) \
                  SELECT $1, name FROM unnest($2::text[]) AS name ON CONFLICT DO NOTHING";
    ensure(client, insert, project, names).await
}

/// Makes the groups that the project lacks.
pub async fn ensure_groups(
    client: &impl GenericClient,
    project: i32,
    names: &BTreeSet<String>,
) -> Result<(), pg::Error> {
    let insert = "INSERT INTO project_group (project, name) \
                  SELECT $1, name FROM unnest($2::text[]) AS name ON CONFLICT DO NOTHING";
    ensure(client, insert, project, names).await
}

async fn known(
    client: &impl GenericClient,
    select: &str,
    project: i32,
    names: &BTreeSet<String>,
) -> Result<BTreeSet<String>, pg::Error> {
    if names.is_empty() {
        return Ok(BTreeSet::new());
    }
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let select = client.prepare_cached(select).await?;
    let rows = client.query(&select, &[&project, &names]).await?;
    Ok(rows.into_iter().map(|row| row.get(0)).collect())
}

/// The set is ordered, and unnest keeps the order: two transactions that make the same names wait
/// for each other and never in a circle.
async fn ensure(
    client: &impl GenericClient,
    insert: &str,
    project: i32,
    names: &BTreeSet<String>,
) -> Result<(), pg::Error> {
    if names.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let insert = client.prepare_cached(insert).await?;
    client.execute(&insert, &[&project, &names]).await?;
    Ok(())
}
