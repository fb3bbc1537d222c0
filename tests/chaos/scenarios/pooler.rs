//! What happens to `PgBouncer`.

use super::{Place, Scenario, USUAL, seconds};
use crate::ground::has_pgbouncer;
use crate::harness::{eventually, holds};
use crate::stage::Stage;

pub const ALL: &[Scenario] = &[Scenario {
    name: "pgbouncer",
    does: "all go to Postgres through PgBouncer in transaction mode, which is restarted and killed (`kill -9`) in turn, twice",
    place: Place::Pooled,
    prepare: has_pgbouncer,
    faults_min: 4,
    run: |stage| Box::pin(pgbouncer(stage)),
    ..USUAL
}];

async fn pgbouncer(stage: &mut Stage) -> u64 {
    let mut faults = 0;
    for how in ["stop", "kill", "stop", "kill"] {
        let pause = 3 + stage.random.below(5);
        seconds(pause).await;
        stage.ground().servers(&[how, "pgbouncer"]).await;
        assert_nobody_is_connected(stage).await;
        stage.ground().start_all().await;
        faults += 1;
    }
    seconds(5).await;
    faults
}

/// Whoever is connected to Postgres would have gone past `PgBouncer`.
async fn assert_nobody_is_connected(stage: &Stage) {
    eventually("nobody is connected without PgBouncer", 30, async || {
        let there = "SELECT count(*) FROM pg_stat_activity
            WHERE datname = current_database() AND application_name = 'user-import'";
        let there = stage.world.database.count(there, &[]).await;
        holds(there == 0, format!("{there} connections"))
    })
    .await;
}
