"""Outside files -> accepted rows and rejected rows with reasons; also the simulator."""
