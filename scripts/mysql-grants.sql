-- Run once, when Docker's MySQL makes its data. The tests make databases of their own; PROCESS shows whose transaction stands in the way.
GRANT ALL PRIVILEGES ON `flashlane%`.* TO 'flashlane'@'%';
GRANT PROCESS ON *.* TO 'flashlane'@'%';
