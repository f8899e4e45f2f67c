"""The served DRS is a fair likeness: the official client signs for it and reads what it says."""

import time

import pytest
from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkdrs import v3 as sdk

from tests.drs.asking import JOB_ID
from tests.drs.served_drs import Job, ServedDrs, Table
from tests.drs.served_identity import ACCESS_KEY, SECRET_KEY


@pytest.mark.filterwarnings("ignore:Method '.*' of DrsClient is deprecated:DeprecationWarning")
def test_the_official_client_creates_and_reads_there() -> None:
    job = Job(
        JOB_ID, tables=[Table("may_5", "t", 3, 2, 1, "INCONSISTENT", 0, rows=[("1", None)])], walk=((0, "SUCCESSFUL"),)
    )
    with ServedDrs(now=time.time, jobs=[job]) as served:
        credentials = BasicCredentials(ACCESS_KEY, SECRET_KEY, served.project_id)
        client = sdk.DrsClient.new_builder().with_credentials(credentials).with_endpoint(served.url).build()
        objects = [sdk.CompareObjectInfo(db_name="may_5")]
        info = sdk.CreateDataLevelCompareReq(conflict_policy="keep", compare_type="lines", compare_object_infos=objects)
        request = sdk.CreateCompareTaskReq(
            job_id=JOB_ID, object_level_compare_type="objects", data_level_compare_info=info
        )
        created = client.create_compare_task(sdk.CreateCompareTaskRequest(body=request))
        overview = client.list_obeject_level_compare_overview(sdk.ListObejectLevelCompareOverviewRequest(job_id=JOB_ID))
        lines = created.data_level_compare_create_result.compare_task_id
        query = sdk.QueryCompareResultReq(job_id=JOB_ID, line_compare_id=lines, current_page=1, per_page=10)
        results = client.list_compare_result(sdk.ListCompareResultRequest(body=query))
    assert overview.compare_job_id == created.object_level_compare_create_result.compare_task_id
    assert [item.status for item in overview.compare_result] == [2, 2, 2, 2]
    detail = results.line_compare_results.line_compare_details[0].line_compare_detail[0]
    assert (detail.source_table_name, detail.line_compare_result) == ("t", "INCONSISTENT")
    assert results.compare_task_list_results.compare_task_list_count == 2
