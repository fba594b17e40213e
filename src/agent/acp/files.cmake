agent_files(acp
  SOURCES acp.cc acp_session.cc acp_session_turn.cc acp_v1.cc call_output.cc
    call_updates.cc client_calls.cc commands.cc json_rpc.cc line_splitter.cc
    outbox.cc prompt_text.cc replay.cc turn_observer.cc updates.cc voice.cc
  TESTS acp_cancel_test.cc acp_client_testing.cc acp_page_test.cc
    acp_sessions_test.cc acp_test.cc acp_turn_test.cc
    fake_conversations_testing.cc json_rpc_test.cc line_splitter_test.cc
    outbox_test.cc prompt_text_test.cc)
