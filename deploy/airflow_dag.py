"""perennial every night, in a pod. Needs apache-airflow-providers-cncf-kubernetes.

The pod has the job file at /jobs/shop.yaml and the data at /data, as in cronjob.yaml. The job file has no as_of.
"""

from datetime import timedelta

import pendulum
from airflow import DAG
from airflow.exceptions import AirflowException, AirflowFailException
from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator
from kubernetes.client import models as k8s

ZONE = "Europe/Berlin"  # the job's
AS_OF = "{{ (data_interval_end.in_timezone('" + ZONE + "') - macros.timedelta(days=1)) | ds }}"
PERMANENT = {1, 2, 3, 4, 5, 6}  # a retry would fail in the same way; see docs/operations.md


class PerennialOperator(KubernetesPodOperator):
    """A pod whose permanent failures are not retried."""

    def cleanup(self, pod, remote_pod, *args, **kwargs):
        try:
            super().cleanup(pod, remote_pod, *args, **kwargs)
        except AirflowException as failure:
            statuses = remote_pod.status.container_statuses or []
            ended = [s.state.terminated for s in statuses if s.name == self.base_container_name]
            if any(t and t.exit_code in PERMANENT for t in ended):
                raise AirflowFailException(str(failure)) from failure
            raise


with DAG(
    dag_id="perennial_shop",
    schedule="0 4 * * *",
    start_date=pendulum.datetime(2025, 1, 1, tz=ZONE),
    catchup=False,
    default_args={"retries": 3, "retry_delay": timedelta(minutes=10)},
) as dag:
    pod = dict(
        image="perennial:latest",  # your registry and a fixed version
        on_finish_action="delete_pod",
        container_resources=k8s.V1ResourceRequirements(
            requests={"cpu": "1", "memory": "4Gi"}, limits={"cpu": "2", "memory": "4Gi"}
        ),
        security_context={"runAsNonRoot": True, "runAsUser": 65532, "fsGroup": 65532},
        volumes=[
            k8s.V1Volume(name="jobs", config_map=k8s.V1ConfigMapVolumeSource(name="perennial-jobs")),
            k8s.V1Volume(
                name="data",
                persistent_volume_claim=k8s.V1PersistentVolumeClaimVolumeSource(claim_name="perennial-data"),
            ),
        ],
        volume_mounts=[
            k8s.V1VolumeMount(name="jobs", mount_path="/jobs", read_only=True),
            k8s.V1VolumeMount(name="data", mount_path="/data"),
        ],
    )
    run = PerennialOperator(
        task_id="run", name="perennial-run", arguments=["run", "/jobs/shop.yaml", "--as-of", AS_OF], do_xcom_push=True, **pod
    )
    # The sensor: what reads the tables comes after it.
    check = PerennialOperator(
        task_id="check", name="perennial-check", arguments=["check", "/jobs/shop.yaml", "--as-of", AS_OF], **pod
    )
    # Where a worker mounts the volume too, wait for the night's file before the run:
    #
    #   from airflow.sensors.filesystem import FileSensor  # Airflow 3: airflow.providers.standard.sensors.filesystem
    #   export = FileSensor(
    #       task_id="export", filepath="/data/orders/" + AS_OF + ".csv.gz", mode="reschedule", poke_interval=300, timeout=6 * 3600
    #   )
    #   export >> run
    #
    # It needs the connection fs_default, and a file that is renamed to this name when it is complete. Without a sensor
    # rules.missing_days: fail stops the night; clear the task when the file is there.
    run >> check
