//! Which scenarios and replicas a study holds, and a part of it.

use std::ops::Range;

use super::Study;

impl Study {
    /// The place of a scenario.
    ///
    /// # Errors
    /// The names that there are.
    pub fn place(&self, scenario: &str) -> Result<usize, String> {
        let names: Vec<&str> = self.scenarios.iter().map(|known| known.name.as_str()).collect();
        names.iter().position(|name| *name == scenario).ok_or_else(|| names.join(", "))
    }

    /// Its replicas.
    pub fn replicas(&self) -> Range<u64> {
        self.first_replica..self.first_replica + self.replicas
    }

    /// The row of a replica in the file.
    ///
    /// # Errors
    /// The replicas that the file holds.
    pub fn slot(&self, replica: u64) -> Result<u64, String> {
        let held = self.replicas();
        match held.contains(&replica) {
            true => Ok(replica - held.start),
            false => Err(format!("{} to {}", held.start, held.end.saturating_sub(1))),
        }
    }

    /// The study with only these of its replicas: a file of its own, of the same ensemble. An ensemble
    /// design has no parts.
    ///
    /// # Errors
    /// The replicas that the study has, where these are none or not all among them.
    pub fn part(self, replicas: &Range<u64>) -> Result<Study, String> {
        let all = self.replicas();
        let whole = self.ensemble_design.is_none() || *replicas == all;
        if replicas.is_empty() || replicas.start < all.start || replicas.end > all.end || !whole {
            return Err(format!("{}:{}", all.start, all.end));
        }
        Ok(self.with_replicas(replicas.clone()))
    }

    /// The study with these replicas instead of its own.
    pub fn with_replicas(mut self, replicas: Range<u64>) -> Study {
        self.first_replica = replicas.start;
        self.replicas = replicas.end - replicas.start;
        self
    }
}
